import { type HostFunction, newLuaHost } from '../../../src/backend/lua/host.ts'
import { openLua } from '../../../src/backend/lua/service.ts'
import type { Attempt, Completion } from '../../../src/core/dispatch/backend.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import type { Json, JsonObject } from '../../../src/kernel/json.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import { emptyBlueprint, newAgent, newAttempt } from '../../support/attempt.ts'
import { markedProcesses } from '../../support/marked-process.ts'

type Options = Parameters<typeof openLua>[0]

/** Lua with processes of its own; close it. */
export function luaWorld(over: Partial<Options> = {}) {
	const dataDirId = crypto.randomUUID()
	const host = newLuaHost()
	const lua = openLua({
		host,
		...{ dataDirId, clock: systemClock, log: silentLogger, childList: undefined, processes: 4, warm: 1 },
		...{ timeoutMs: 20_000, memoryBytes: 2 ** 24, outputBytes: 2 ** 20, ...over },
	})
	const performSpec = async (spec: JsonObject, attempt: Partial<Attempt> = {}, policy?: JsonObject): Promise<Completion> => {
		const agent = { ...newAgent('lua', spec), ...(policy && { policy }) }
		return lua.backend.prepare(agent, emptyBlueprint).perform(newAttempt(attempt))
	}
	return {
		...lua,
		host,
		performSpec,
		perform: (source: string, attempt: Partial<Attempt> = {}) => performSpec({ source }, attempt),
		/** The value of a script that passes. */
		async resultOf(source: string, attempt: Partial<Attempt> = {}): Promise<Json | undefined> {
			const { final } = await performSpec({ source }, attempt)
			return final?.value
		},
		/** What a script fails with. */
		failureOf: (source: string, attempt: Partial<Attempt> = {}): Promise<string> =>
			performSpec({ source }, attempt).then(
				({ final }) => `it did not fail: ${JSON.stringify(final)}`,
				(thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown)),
			),
		register: (functions: { readonly [name: string]: HostFunction }) => {
			for (const [name, fn] of Object.entries(functions)) host.registerFunction(name, fn)
		},
		/** Pids of the live Lua processes of this world. */
		processes: () => markedProcesses(dataDirId),
		[Symbol.asyncDispose]: () => lua.pool.close(),
	}
}
