import type { Mount } from '../../core/hive/agent-spec.ts'
import type { Cage, CagedAgent, CageState } from '../../core/hive/cage.ts'
import { MseError } from '../../kernel/error.ts'
import { isJsonObject, parseJson } from '../../kernel/json.ts'
import { agentVariables, GUEST } from './environment.ts'
import { mountsOf } from './mount.ts'
import type { ProgramResult, RunProgram } from './program.ts'

export interface ContainerOptions {
	readonly program: 'podman' | 'docker'
	/** Names this hive among others on the machine; its containers bear it as a label. */
	readonly owner: string
	readonly run: RunProgram
}

const LONGEST_NAME = 61
const containerOf = (name: string): string => `h-${name}`

/** Agents as containers. They outlive the server because they are the container program's business. */
export function containerCage(options: ContainerOptions): Cage {
	const { program, owner, run } = options
	const { call, done, find, state } = containers(options)
	return {
		id: program,
		maxNameLength: LONGEST_NAME,
		async probe() {
			const { exitCode, stdout, stderr } = await call('version', '--format', '{{.Server.Version}}').catch(
				(error): ProgramResult => ({ exitCode: null, stdout: '', stderr: error.message }),
			)
			if (exitCode === 0) return { available: true, detail: `${program} ${stdout.trim()}`, isolates: true }
			return { available: false, detail: firstLine(stderr), isolates: true }
		},
		async check({ image }) {
			if (image === undefined)
				throw new MseError('malformed', `image is missing: the ${program} backend needs one`, { code: 'spec_refused' })
		},
		async create(agent) {
			if (await find(agent.name)) await done('rm', '-f', containerOf(agent.name))
			const env = agentVariables(agent, GUEST)
			checked(program, await run([program, ...createArgs(agent, owner, Object.keys(env))], { env }))
		},
		async start({ name }) {
			if ((await state(name)).running) await done('stop', '-t', '0', containerOf(name))
			await done('start', containerOf(name))
			return { container: (await find(name))?.id ?? null }
		},
		async stop(name, graceMs) {
			if ((await state(name)).running) await done('stop', '-t', String(Math.ceil(graceMs / 1000)), containerOf(name))
			return state(name)
		},
		async remove(name) {
			if (await find(name)) await done('rm', '-f', containerOf(name))
		},
		inspect: (name) => state(name),
		adopt: (name, { container }) => state(name, container ?? ''),
		async logs({ name }, tail) {
			const { exitCode, stdout, stderr } = await call('logs', '--tail', String(tail), containerOf(name))
			return exitCode === 0 ? stdout + stderr : ''
		},
		async exec({ name }, argv) {
			const { exitCode, stdout, stderr } = await call('exec', containerOf(name), ...argv)
			return { exitCode, output: stdout + stderr }
		},
	}
}

/** Calls of the container program; one of that name that is not ours does not exist for us. */
function containers({ program, owner, run }: ContainerOptions) {
	const call = (...args: readonly string[]): Promise<ProgramResult> => run([program, ...args])
	const find = async (name: string): Promise<Found | null> => {
		const { exitCode, stdout, stderr } = await call('inspect', '--type', 'container', containerOf(name))
		if (exitCode !== 0) {
			if (/no such (container|object)/i.test(stderr)) return null
			throw failed(program, stderr)
		}
		const found = parseInspect(stdout)
		return found?.owner === owner ? found : null
	}
	return {
		call,
		done: async (...args: readonly string[]): Promise<string> => checked(program, await call(...args)),
		find,
		async state(name: string, id?: unknown): Promise<CageState> {
			const found = await find(name)
			if (!found || (id !== undefined && found.id !== id)) return { exists: false, running: false }
			return { exists: true, running: found.running, ...(!found.running && { exitCode: found.exitCode }) }
		},
	}
}

/** Values of variables come from the environment of the call, so that no list of processes shows them. */
export function createArgs(agent: CagedAgent, owner: string, variables: readonly string[]): readonly string[] {
	const { name, limits, uid, image = '', argv, cwd } = agent
	return [
		...['create', '--name', containerOf(name), '--hostname', name],
		...['--label', 'hive=1', '--label', `hive.owner=${owner}`],
		...mountsOf(agent).flatMap((mount) => ['--mount', mountArg(mount)]),
		...variables.flatMap((variable) => ['--env', variable]),
		...(limits.cpu === undefined ? [] : ['--cpus', String(limits.cpu)]),
		...(limits.memory === undefined ? [] : ['--memory', String(limits.memory)]),
		...(limits.pids === undefined ? [] : ['--pids-limit', String(limits.pids)]),
		...(uid === null ? [] : ['--user', `${uid}:${uid}`]),
		...['--workdir', cwd ?? GUEST.state, '--', image],
		...argv,
	]
}

function mountArg({ host, guest, ro }: Mount): string {
	if (/[,"\n]/.test(host + guest))
		throw new MseError('malformed', `the mount ${host} has a comma or a quote in it`, { code: 'spec_refused' })
	return `type=bind,source=${host},target=${guest}${ro === true ? ',readonly' : ''}`
}

interface Found {
	readonly id: string
	readonly owner: string
	readonly running: boolean
	readonly exitCode: number
}

function parseInspect(stdout: string): Found | null {
	const list = parseJson(stdout)
	const found = Array.isArray(list) ? list[0] : undefined
	if (!isJsonObject(found) || !isJsonObject(found.State)) return null
	const config = isJsonObject(found.Config) ? found.Config : {}
	const labels = isJsonObject(config.Labels) ? config.Labels : {}
	const { Running: running, ExitCode: exitCode } = found.State
	return { id: String(found.Id), owner: String(labels['hive.owner']), running: running === true, exitCode: Number(exitCode ?? 0) }
}

function checked(program: string, { exitCode, stdout, stderr }: ProgramResult): string {
	if (exitCode !== 0) throw failed(program, stderr)
	return stdout
}

function failed(program: string, stderr: string): MseError {
	return new MseError('unavailable', `${program}: ${firstLine(stderr)}`, { code: 'container_failed' })
}

function firstLine(text: string): string {
	return text.trim().split('\n')[0]?.replace(/\.$/, '') || 'it said nothing'
}
