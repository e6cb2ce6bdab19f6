import { effectivePolicy } from '../../core/blueprint/effective-policy.ts'
import { agentSpecProblems } from '../../core/blueprint/lint/agent-spec.ts'
import { aboutAttempt } from '../../core/dispatch/about-attempt.ts'
import type { Attempt, Backend, Completion, Worker } from '../../core/dispatch/backend.ts'
import { childController, raceAbort } from '../../kernel/abort.ts'
import type { Clock } from '../../kernel/clock.ts'
import { MseError, messageOf } from '../../kernel/error.ts'
import { asText, isJsonObject, type Json, parseJson } from '../../kernel/json.ts'
import type { Logger } from '../../kernel/log.ts'
import type { AgentDef } from '../../protocol/blueprint.ts'
import type { LuaRun } from '../../protocol/lua.ts'
import type { HostFunctions, LuaHost, LuaScript } from './host.ts'
import type { LuaPool } from './pool.ts'
import type { AnswerHost, LuaEnd, LuaProcess } from './process.ts'

export interface LuaOptions {
	readonly pool: LuaPool
	readonly host: LuaHost
	readonly clock: Clock
	readonly log: Logger
	/** For scripts whose agent has no `policy.timeout_ms`. */
	readonly timeoutMs: number
	readonly memoryBytes: number
	readonly outputBytes: number
}

/** A script with all that is known of it before an attempt. */
interface Prepared extends LuaScript {
	readonly label: string
	/** Undefined where the agent's own policy keeps the time. */
	readonly timeoutMs: number | undefined
}

/** Lua 5.4 scripts, each in a fresh state of a process of its own for that time; the kind `lua` of mlua-swarm 0.1.0. */
export function luaBackend(options: LuaOptions): Backend {
	return {
		name: 'lua',
		leavesProcess: false,
		prepare(agent, blueprint): Worker {
			const { scripts } = options.host
			const [problem] = agentSpecProblems(blueprint, agent, { scripts: new Set(scripts.keys()) })
			if (problem !== undefined) throw invalid(problem, scripts)
			const timeoutMs = effectivePolicy(blueprint, agent).timeout_ms === undefined ? options.timeoutMs : undefined
			const script = { ...scriptOf(options.host, agent), timeoutMs }
			return { pure: false, perform: (attempt) => perform(options, script, attempt) }
		},
	}
}

/** The spec's own source wins over a registered script. */
function scriptOf({ scripts, functions }: LuaHost, { name, spec }: AgentDef): LuaScript & { readonly label: string } {
	const { source, fn_id, label } = isJsonObject(spec) ? spec : {}
	const registered = typeof source === 'string' ? undefined : scripts.get(String(fn_id))
	const script = registered ?? { source: String(source), functions: new Map(functions) }
	return { ...script, label: typeof label === 'string' ? label : (script.label ?? `${name}.lua`) }
}

async function perform(options: LuaOptions, script: Prepared, attempt: Attempt): Promise<Completion> {
	const end = await options.pool.use(attempt, (process) => runInTime(options, script, attempt, process))
	if (end.printed !== '') options.log.debug('a Lua script printed', { ...aboutAttempt(attempt), script: script.label, text: end.printed })
	if (end.type === 'returned') return { final: toFinal(end.value as Json) }
	throw new Error(`${end.stage === 'json' ? 'lua → json' : 'lua eval'} [${script.label}]: ${end.message}`)
}

/** Throws what stopped the script from the outside; the process is of no use then. */
async function runInTime(options: LuaOptions, script: Prepared, attempt: Attempt, process: LuaProcess): Promise<LuaEnd> {
	const { controller, release } = childController(attempt.signal)
	const late = new Error(`it did not end within ${script.timeoutMs} ms (lua.timeout_ms, or policy.timeout_ms of the agent)`)
	const disarm = script.timeoutMs === undefined ? () => {} : options.clock.after(script.timeoutMs, () => controller.abort(late))
	try {
		const answer = hostAnswers(script.functions, { ...attempt, signal: controller.signal })
		return await raceAbort(process.run(toRun(options, script, attempt), answer), controller.signal)
	} catch (thrown) {
		attempt.signal.throwIfAborted()
		throw new Error(`lua eval [${script.label}]: ${messageOf(thrown)}`)
	} finally {
		disarm()
		// Whoever still answers a call of the script is told that nobody waits.
		controller.abort(new Error('the script has ended'))
		release()
	}
}

function hostAnswers(functions: HostFunctions, attempt: Attempt): AnswerHost {
	return (name, argument) => {
		const fn = functions.get(name)
		if (!fn) throw new Error(`there is no host function '${name}'`)
		return fn(argument, attempt)
	}
}

/** The global names are those of mlua-swarm, which calls a step a task. An undefined one is absent. */
function toRun({ memoryBytes, outputBytes }: LuaOptions, script: Prepared, attempt: Attempt): LuaRun {
	const { prompt, context } = attempt
	const { extra, ...known } = context
	const globals = {
		_PROMPT: asText(prompt),
		_AGENT: attempt.agent,
		_TASK_ID: attempt.stepId,
		_ATTEMPT: attempt.n,
		_CTX: typeof prompt === 'string' ? parseJson(prompt) : prompt,
		_TASK_METADATA: context.task_metadata ?? undefined,
		_AGENT_CTX: { ...known, ...extra },
	}
	const { source, label, functions } = script
	return { source, label, globals, host_functions: [...functions.keys()], memory_bytes: memoryBytes, output_bytes: outputBytes }
}

/** A table with `value` or `ok` says both; anything else is the value itself, and passes. */
function toFinal(returned: Json): { value: Json; ok: boolean } {
	if (!isJsonObject(returned) || !('value' in returned || 'ok' in returned)) return { value: returned, ok: true }
	return { value: 'value' in returned ? (returned.value ?? null) : returned, ok: typeof returned.ok === 'boolean' ? returned.ok : true }
}

function invalid(message: string, scripts: LuaHost['scripts']): MseError {
	const known = [...scripts.keys()].sort().join(', ') || 'none'
	return new MseError('invalid', message, { code: 'invalid_agent_spec', hint: `Scripts of this server: ${known}; or give a 'source'.` })
}
