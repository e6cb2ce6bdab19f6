import type { Backend } from '../../core/dispatch/backend.ts'
import type { ChildList } from '../process/child-list.ts'
import { type LuaOptions, luaBackend } from './backend.ts'
import { type LuaHost, newLuaHost } from './host.ts'
import { type LuaPool, type LuaPoolOptions, openLuaPool } from './pool.ts'

/** Lua as a server has it: the backend, what scripts may call, and the processes; none is started before there is a script. */
export interface LuaService {
	readonly backend: Backend
	readonly host: LuaHost
	readonly pool: LuaPool
}

interface LuaServiceOptions extends Omit<LuaOptions & LuaPoolOptions, 'pool' | 'host' | 'childList'> {
	readonly childList: ChildList | undefined
	/** Undefined: no scripts and no host functions. */
	readonly host: LuaHost | undefined
}

export function openLua({ childList, host = newLuaHost(), ...own }: LuaServiceOptions): LuaService {
	const pool = openLuaPool({ ...own, ...(childList && { childList }) })
	return { backend: luaBackend({ ...own, host, pool }), host, pool }
}
