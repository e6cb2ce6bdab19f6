import { type Finding, works } from '../../core/doctor/probe.ts'
import { type Clock, sleep } from '../../kernel/clock.ts'
import type { LuaRun } from '../../protocol/lua.ts'
import type { LuaPool } from './pool.ts'

const ENDLESS_MS = 50

/** Runs a script that answers, and one that never ends, which is stopped as a cancelled attempt is. */
export async function proveLua(pool: LuaPool, clock: Clock): Promise<Finding> {
	const end = await evaluate(pool, 'return _VERSION', new AbortController().signal)
	if (end.type !== 'returned') return { status: 'broken', detail: end.message, hint: HINT }
	const stop = new AbortController()
	const endless = evaluate(pool, 'while true do pcall(function() while true do end end) end', stop.signal)
	const how = endless.then(
		() => 'an endless script ended',
		(thrown: unknown) => thrown,
	)
	await Promise.race([how, sleep(clock, ENDLESS_MS)])
	stop.abort(STOPPED)
	if ((await how) !== STOPPED) return { status: 'broken', detail: String(await how), hint: HINT }
	return works(`${end.value} scripts run in processes of their own, and an endless one is ended`)
}

const STOPPED = 'stopped by the probe'
const HINT = 'Steps of kind lua need the right to start this program again.'

function evaluate(pool: LuaPool, source: string, signal: AbortSignal) {
	const run: LuaRun = { source, label: 'probe', globals: {}, host_functions: [], memory_bytes: 2 ** 24, output_bytes: 2 ** 16 }
	return pool.use({ signal, working() {} }, (process) =>
		process.run(run, () => {
			throw new Error('there are no host functions')
		}),
	)
}
