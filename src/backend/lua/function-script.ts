import type { FunctionDef } from '../function/function.ts'
import { type LuaHost, newLuaHost } from './host.ts'

/**
 * What a server offers to scripts, with functions as scripts besides: documents that name them as kind `lua` (mlua-swarm 0.1.0) run as
 * they are. A script that was registered under such an id goes before.
 */
export function withFunctionScripts(host: LuaHost | undefined, functions: ReadonlyMap<string, FunctionDef>): LuaHost {
	const offered = newLuaHost()
	for (const [id, { run }] of functions) {
		offered.registerFunction('work', async (argument, attempt) => (await run({ ...attempt, prompt: argument }, {})).value)
		offered.registerScript(id, 'return { value = host.work(_CTX) }')
	}
	return { scripts: new Map([...offered.scripts, ...(host?.scripts ?? [])]), functions: host?.functions ?? new Map() }
}
