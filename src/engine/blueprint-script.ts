import { type BuiltBlueprint, buildBlueprint } from '../backend/lua/authoring.ts'
import { openLuaPool } from '../backend/lua/pool.ts'
import type { Config } from '../config.ts'
import { systemClock } from '../kernel/clock.ts'

/** Runs a Blueprint script in a Lua process of its own, with the limits of this user's configuration. */
export async function runBlueprintScript(
	script: { readonly source: string; readonly label: string },
	{ lua, limits }: Config,
): Promise<BuiltBlueprint> {
	const { memoryBytes, timeoutMs } = lua
	const limited = { memoryBytes, outputBytes: limits.bodyBytes }
	const pool = openLuaPool({ ...limited, dataDirId: 'local', processes: 1, warm: 0 })
	try {
		return await buildBlueprint({ ...limited, pool, clock: systemClock, timeoutMs }, script)
	} finally {
		await pool.close()
	}
}
