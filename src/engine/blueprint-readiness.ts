import { operatorRefOf } from '../core/blueprint/operator-kind.ts'
import { resolveRunner } from '../core/blueprint/runner.ts'
import { type Finding, works } from '../core/doctor/probe.ts'
import { MseError, messageOf } from '../kernel/error.ts'
import { isJsonObject } from '../kernel/json.ts'
import type { AgentDef, Blueprint } from '../protocol/blueprint.ts'
import type { Check } from '../protocol/health.ts'
import type { Engine } from './engine.ts'

type Environment = { readonly [name: string]: string | undefined }

/** What each agent of a Blueprint needs of this server, and whether it is here. Nothing is started. */
export function blueprintReadiness(engine: Engine, environment: Environment): (blueprint: Blueprint) => Check[] {
	return (blueprint) => blueprint.agents.map((agent) => ({ name: agent.name, ...checkAgent(engine, environment, blueprint, agent) }))
}

function checkAgent(engine: Engine, environment: Environment, blueprint: Blueprint, agent: AgentDef): Finding {
	const backend = engine.registry.get(agent.kind)
	if (!backend) return { status: 'missing', detail: `this server has no backend for agents of kind ${agent.kind}` }
	try {
		backend.prepare(agent, blueprint)
	} catch (thrown) {
		const hint = thrown instanceof MseError ? thrown.hint : undefined
		return { status: 'missing', detail: messageOf(thrown), ...(hint !== undefined && { hint }) }
	}
	if (agent.kind === 'subprocess') return checkProgram(environment, programOf(blueprint, agent))
	if (agent.kind === 'operator') return checkSeat(engine, blueprint, operatorRefOf(agent) ?? '')
	return works(agent.kind === 'agent_block' ? 'its model has a server and a key' : `agents of kind ${agent.kind} run here`)
}

function programOf(blueprint: Blueprint, agent: AgentDef): string {
	const { runner } = resolveRunner(blueprint, agent)
	const template = runner?.backend === 'subprocess' ? blueprint.subprocesses.find(({ name }) => name === runner.template) : undefined
	const program = template ? template.argv[0] : isJsonObject(agent.spec) ? agent.spec.program : undefined
	return typeof program === 'string' ? program : ''
}

/** Where a path is relative, or has to be filled in, only the step knows. */
function checkProgram({ PATH = '' }: Environment, program: string): Finding {
	if (/\{[a-z_]+\}/.test(program) || /^[^/].*\//.test(program)) return works(`${program} is looked for when the step begins`)
	const found = Bun.which(program, { PATH })
	if (found !== null) return works(`it starts ${found}`)
	return {
		status: 'missing',
		detail: `there is no program ${program}`,
		hint: `Install it, or put its folder into the PATH of the server (${PATH}).`,
	}
}

function checkSeat({ sessions, workers }: Engine, blueprint: Blueprint, ref: string): Finding {
	if (ref.startsWith('worker:')) return checkWorker(workers, ref.slice('worker:'.length))
	const session = sessions.peek(ref)
	if (session?.connected) return works(`${session.record.sid} is connected for ${ref}`)
	const seat = blueprint.operators.some(({ name }) => name === ref) ? `the seat ${ref}` : ref
	return {
		status: 'missing',
		detail: session === null ? `nobody has joined for ${seat}; its steps wait` : `${session.record.sid} has ${seat}, and is not connected`,
		hint: `Connect one: mse-server operator --role ${ref} --exec CMD. Steps that wait go on then.`,
	}
}

function checkWorker({ profiles }: Engine['workers'], name: string): Finding {
	if (/^worker-[0-9a-f]{8}$/.test(name)) return works(`its steps are turns of ${name}`)
	const profile = profiles.find(name)
	if (profile === null)
		return {
			status: 'missing',
			detail: `there is no profile ${name}`,
			hint: `There are ${profiles
				.list()
				.map((one) => one.name)
				.join(', ')}.`,
		}
	const reason = profile.unavailable()
	return reason === null
		? works(`the profile ${name} can run it`)
		: { status: 'missing', detail: `the profile ${name} cannot run it: ${reason}` }
}
