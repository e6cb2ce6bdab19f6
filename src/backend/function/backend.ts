import type { Attempt, Backend, Completion, Worker } from '../../core/dispatch/backend.ts'
import { raceAbort } from '../../kernel/abort.ts'
import { MseError, messageOf } from '../../kernel/error.ts'
import { isJsonObject, type JsonObject } from '../../kernel/json.ts'
import type { FunctionDef, FunctionResult } from './function.ts'

/** Functions inside this process, by their id; the kind `rust_fn` with the spec `{fn_id}` of mlua-swarm 0.1.0. */
export function functionBackend(functions: ReadonlyMap<string, FunctionDef>): Backend {
	return {
		name: 'function',
		leavesProcess: false,
		prepare: (agent) => prepare(functions, isJsonObject(agent.spec) ? agent.spec : {}),
	}
}

function prepare(functions: ReadonlyMap<string, FunctionDef>, spec: JsonObject): Worker {
	if (typeof spec.fn_id !== 'string') throw invalid("rust_fn spec: 'fn_id' (string) required", functions)
	const fn = functions.get(spec.fn_id)
	if (!fn) throw invalid(`fn_id '${spec.fn_id}' not registered in factory`, functions)
	check(fn, spec)
	return { pure: fn.pure, perform: (attempt) => perform(fn, spec, attempt) }
}

function check(fn: FunctionDef, spec: JsonObject): void {
	try {
		fn.check?.(spec)
	} catch (thrown) {
		throw new MseError('invalid', `rust_fn spec: ${messageOf(thrown)}`, { code: 'invalid_agent_spec', cause: thrown })
	}
}

/** Stays synchronous when the function is: a chain of pure steps then never leaves its turn of the event loop. */
function perform(fn: FunctionDef, spec: JsonObject, attempt: Attempt): Completion | Promise<Completion> {
	attempt.signal.throwIfAborted()
	const result = fn.run(attempt, spec)
	return result instanceof Promise ? raceAbort(result.then(toCompletion), attempt.signal) : toCompletion(result)
}

function toCompletion({ value, ok = true, stats }: FunctionResult): Completion {
	return stats ? { final: { value, ok }, stats } : { final: { value, ok } }
}

function invalid(message: string, functions: ReadonlyMap<string, FunctionDef>): MseError {
	const known = [...functions.keys()].sort().join(', ') || 'none'
	return new MseError('invalid', message, { code: 'invalid_agent_spec', hint: `Functions of this server: ${known}.` })
}
