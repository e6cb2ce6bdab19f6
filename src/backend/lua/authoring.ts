import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { inKeyOrder } from '../../core/blueprint/key-order.ts'
import type { Clock } from '../../kernel/clock.ts'
import { MseError, messageOf } from '../../kernel/error.ts'
import type { Json } from '../../kernel/json.ts'
import type { LuaRun } from '../../protocol/lua.ts'
import blueprintModule from './dsl/blueprint.lua' with { type: 'text' }
import build from './dsl/build.lua' with { type: 'text' }
import flowModule from './dsl/flow.lua' with { type: 'text' }
import type { LuaPool } from './pool.ts'

/** What a Blueprint script gives. */
export interface BuiltBlueprint {
	/** With its `$file` and `$agent_md` references as they are, and its keys always in the same order. */
	readonly document: Json
	/** What the author should know of it, each with its line. */
	readonly warnings: readonly string[]
	/** By JSON path the line of the script that made that part; where a script does not say, there is none. */
	readonly lines: { readonly [path: string]: number }
}

export interface BlueprintScriptOptions {
	readonly pool: LuaPool
	readonly clock: Clock
	readonly timeoutMs: number
	readonly memoryBytes: number
	readonly outputBytes: number
}

/** Runs a Blueprint script (mlua-swarm 0.10.0: `flow_dsl` and `bp_dsl` are there to require). Throws `invalid` (code `script_failed`) with file and line. */
export async function buildBlueprint(
	{ pool, clock, timeoutMs, memoryBytes, outputBytes }: BlueprintScriptOptions,
	script: { readonly source: string; readonly label: string },
): Promise<BuiltBlueprint> {
	const run: LuaRun = {
		...{ source: build, label: 'build', globals: { _SCRIPT: script.label }, host_functions: [] },
		modules: [
			{ name: 'flow_dsl', label: 'flow_dsl', source: flowModule },
			{ name: 'bp_dsl', label: 'bp_dsl', source: blueprintModule },
			{ name: '@script', ...script },
		],
		...{ memory_bytes: memoryBytes, output_bytes: outputBytes },
	}
	const late = new AbortController()
	const disarm = clock.after(timeoutMs, () => late.abort(new Error(`it did not end within ${timeoutMs} ms (lua.timeout_ms)`)))
	try {
		const end = await pool.use({ signal: late.signal, working() {} }, (process) => process.run(run, noHost))
		if (end.type === 'failed') throw new Error(end.stage === 'json' ? `${script.label}: ${end.message}` : end.message)
		Value.Assert(Built, end.value)
		return { ...end.value, document: inKeyOrder(end.value.document as Json) }
	} catch (thrown) {
		const message = messageOf(thrown)
		throw new MseError('invalid', message.includes(script.label) ? message : `${script.label}: ${message}`, { code: 'script_failed' })
	} finally {
		disarm()
	}
}

const Built = Type.Object({
	document: Type.Unknown(),
	warnings: Type.Array(Type.String()),
	lines: Type.Record(Type.String(), Type.Integer()),
})

const noHost = (name: string): never => {
	throw new Error(`a Blueprint script has no host function '${name}'`)
}
