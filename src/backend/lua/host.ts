import type { Attempt } from '../../core/dispatch/backend.ts'
import type { Json } from '../../kernel/json.ts'

/** What a script calls as `host.<name>(argument)`. What it throws is raised in the script. It heeds `attempt.signal`. */
export type HostFunction = (argument: Json, attempt: Attempt) => Json | Promise<Json>

export type HostFunctions = ReadonlyMap<string, HostFunction>

/** A script to run, and what it may call. */
export interface LuaScript {
	readonly source: string
	/** The chunk's name, as its errors show it. Absent: `<agent>.lua`. */
	readonly label?: string
	readonly functions: HostFunctions
}

/** What a server offers to agents of kind `lua`. */
export interface LuaHost {
	/** By the `fn_id` that agents name. */
	readonly scripts: ReadonlyMap<string, LuaScript>
	/** For scripts that a Blueprint brings along. */
	readonly functions: HostFunctions
}

/** Collects what a server offers. A script sees the functions that were there when it was registered, and no later ones. */
export function newLuaHost() {
	const scripts = new Map<string, LuaScript>()
	const functions = new Map<string, HostFunction>()
	return {
		scripts,
		functions,
		registerFunction(name: string, fn: HostFunction): void {
			functions.set(name, fn)
		},
		registerScript(id: string, source: string, label = `${id}.lua`): void {
			scripts.set(id, { source, label, functions: new Map(functions) })
		},
	}
}
