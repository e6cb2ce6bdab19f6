import type { Attempt } from '../../core/dispatch/backend.ts'
import type { KeptFinal } from '../../core/layer/kept-final.ts'
import type { ScriptRunner } from '../../core/layer/script.ts'
import { childController, raceAbort } from '../../kernel/abort.ts'
import type { Clock } from '../../kernel/clock.ts'
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { LuaRun } from '../../protocol/lua.ts'
import type { LuaPool } from './pool.ts'

export interface LayerRunnerOptions {
	readonly pool: LuaPool
	readonly clock: Clock
	readonly timeoutMs: number
	readonly memoryBytes: number
	readonly outputBytes: number
}

/** Calls what the text is: a function, or a chunk that returns one. */
const CALL = `local f = require '@layer'
if type(f) ~= 'function' then error('it is no function', 0) end
return { returned = f(_LAYER_CTX, _RESULT) }`

/** Runs the scripts of layers as those of agents are run, each in a fresh state of a process of its own. */
export function luaLayerRunner(options: LayerRunnerOptions): ScriptRunner {
	return {
		async before(source, ctx, attempt) {
			await call(options, { source, label: 'before' }, { _LAYER_CTX: ctx }, attempt)
		},
		async after(source, ctx, { value, ok }, attempt) {
			const returned = await call(options, { source, label: 'after' }, { _LAYER_CTX: ctx, _RESULT: { value, ok } }, attempt)
			return isJsonObject(returned) ? toFinal(returned) : null
		},
	}
}

async function call(
	options: LayerRunnerOptions,
	script: { source: string; label: string },
	globals: JsonObject,
	attempt: Attempt,
): Promise<Json> {
	const { pool, clock, timeoutMs, memoryBytes, outputBytes } = options
	const modules = [{ name: '@layer', ...script }]
	const limits = { memory_bytes: memoryBytes, output_bytes: outputBytes }
	const run: LuaRun = { source: CALL, label: script.label, globals, host_functions: [], modules, ...limits }
	const { controller, release } = childController(attempt.signal)
	const disarm = clock.after(timeoutMs, () => controller.abort(new Error(`it did not end within ${timeoutMs} ms (lua.timeout_ms)`)))
	try {
		const end = await pool.use(attempt, (process) => raceAbort(process.run(run, noHost), controller.signal))
		if (end.type === 'failed') throw new Error(end.message)
		return isJsonObject(end.value) ? ((end.value.returned as Json) ?? null) : null
	} finally {
		disarm()
		release()
	}
}

/** What it leaves out stays as a script's result: null, and passed. */
const toFinal = ({ value = null, ok }: JsonObject): KeptFinal => ({ value, ok: ok !== false, isInline: true })

const noHost = (name: string): never => {
	throw new Error(`a layer has no host function '${name}'`)
}
