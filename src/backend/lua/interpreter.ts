import { type LuaEngine, LuaFactory } from 'wasmoon'
import wasmPath from 'wasmoon/dist/glue.wasm' with { type: 'file' }
import { messageOf } from '../../kernel/error.ts'
import type { LuaReply, LuaRun } from '../../protocol/lua.ts'
import sandbox from './sandbox.lua' with { type: 'text' }

/** Answers a host call: `+` and JSON, or `-` and what the script is to be told. */
export type CallHost = (name: string, argumentJson: string) => string

/** The end of a run as a line for the server. A value in it is JSON already and is not parsed on the way. */
export interface EndLine {
	readonly text: string
	readonly retire: boolean
}

/** Starts fresh states one after another; each is for one script. */
export function newInterpreter(): { prepare(): Promise<LuaEngine> } {
	const factory = new LuaFactory(wasmPath)
	return {
		prepare: () => factory.createEngine({ openStandardLibs: true, injectObjects: false, enableProxy: false, traceAllocations: true }),
	}
}

const PRINTED_CHARS = 8192
const LONGEST_MESSAGE = 4096
/** WebAssembly memory never shrinks: a process that has grown so far is replaced. */
const WORN_OUT_BYTES = 2 ** 25

/**
 * Runs the script to its end and closes the state, finalizers included; only then is anything said. Never throws. There is no
 * time limit in here, because a script can catch whatever stops it: who started this process ends it.
 */
export function runScript(engine: LuaEngine, run: LuaRun, callHost: CallHost, isLast: boolean): EndLine {
	const printed = newPrinted()
	const result = evaluate(engine, run, callHost, printed.add)
	const retire = isLast || result.kind === 'broken' || engine.global.lua.module.HEAPU8.length > WORN_OUT_BYTES
	const ending = { printed: printed.text(), retire }
	if (result.kind === 'returned') return { text: `{"type":"returned","value":${result.text},${JSON.stringify(ending).slice(1)}`, retire }
	const stage = result.kind === 'json' ? 'json' : 'eval'
	const failed: LuaReply = { type: 'failed', stage, message: result.text.slice(0, LONGEST_MESSAGE), ...ending }
	return { text: JSON.stringify(failed), retire }
}

/** How a script ended, and the JSON of its value or what went wrong. `broken`: nothing more can be run here. */
interface Result {
	readonly kind: 'returned' | 'eval' | 'json' | 'broken'
	readonly text: string
}

function evaluate({ global }: LuaEngine, run: LuaRun, callHost: CallHost, report: (text: string) => void): Result {
	const request = JSON.stringify(run)
	if (request.length > run.memory_bytes / 2) return tooMuch(request)
	try {
		global.set('__request', request)
		global.set('__call_host', callHost)
		global.set('__report', report)
		global.lua.lua_pushlightuserdata(global.address, null)
		global.lua.lua_setglobal(global.address, '__null')
		global.setMemoryMax(run.memory_bytes)
		global.loadString(sandbox, '=sandbox')
		const [kind, text] = global.runSync()
		global.close()
		return { kind: kind === 'returned' || kind === 'json' ? kind : 'eval', text: String(text) }
	} catch (thrown) {
		return { kind: 'broken', text: messageOf(thrown) }
	}
}

function tooMuch(request: string): Result {
	return { kind: 'broken', text: `not enough memory for what it is given (${request.length} characters; lua.memory_bytes)` }
}

/** The beginning of what a script prints. */
function newPrinted() {
	let all = ''
	return {
		add(text: string): void {
			if (all.length < PRINTED_CHARS) all = `${all}${String(text)}\n`.slice(0, PRINTED_CHARS)
		},
		text: () => all,
	}
}
