import { loadConfig } from '../../../src/config.ts'
import { type Engine, openEngine } from '../../../src/engine/engine.ts'
import { type Clock, systemClock } from '../../../src/kernel/clock.ts'
import type { Json } from '../../../src/kernel/json.ts'
import { silentLogger } from '../../../src/kernel/log.ts'

/** The engine in this process, with its defaults, on a data directory. */
export interface Embedded extends AsyncDisposable {
	/** Launches an inline Blueprint and resolves when its run is done. Milliseconds from the one to the other. */
	run(blueprint: Json): Promise<number>
}

export async function openEmbedded(dir: string): Promise<Embedded> {
	const config = loadConfig({ flags: new Map(), env: {}, readFile: () => undefined })
	const engine = await openEngine({ config, dir, clock: promptClock, log: silentLogger, environment: {}, baseUrl: () => undefined })
	return {
		run: (blueprint) => timeRun(engine, blueprint),
		[Symbol.asyncDispose]: () => engine.stop(),
	}
}

/** To wait for 0 ms takes no time: `sleep` with 0 is then a function with an effect that costs nothing itself. */
const promptClock: Clock = {
	...systemClock,
	after(ms, fn) {
		if (ms > 0) return systemClock.after(ms, fn)
		queueMicrotask(fn)
		return () => {}
	},
}

async function timeRun({ service }: Engine, blueprint: Json): Promise<number> {
	const from = performance.now()
	const launched = await service.launch({ reference: { kind: 'inline', raw: blueprint }, initCtx: {}, detach: true })
	const run = await launched.ended
	if (run.status !== 'done') throw new Error(`the run ended as ${run.status}: ${JSON.stringify(run.result)}`)
	return performance.now() - from
}
