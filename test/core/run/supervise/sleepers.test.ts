import { expect, test } from 'bun:test'
import type { Driver } from '../../../../src/core/run/drive/driver.ts'
import { Sleepers } from '../../../../src/core/run/supervise/sleepers.ts'
import { MseError } from '../../../../src/kernel/error.ts'
import { asRunId } from '../../../../src/kernel/id.ts'
import { silentLogger } from '../../../../src/kernel/log.ts'
import { fakeClock } from '../../../support/fake-clock.ts'

/** A driver that may be let go of after a moment. */
function standingDriver(id: string): Driver {
	const ended = Promise.withResolvers<never>()
	ended.promise.catch(() => {})
	const driver = {
		...{ run: { id: asRunId(id) }, sleepsAfterMs: 10, ended: ended.promise, open: { isAsking: false } },
		stop: () => ended.reject(new MseError('unavailable', 'asleep')),
	}
	return driver as unknown as Driver
}

function world() {
	const clock = fakeClock()
	const drivers = new Map<string, Driver>()
	let releases = 0
	const sleepers = new Sleepers({
		...{ clock, log: silentLogger, release: () => releases++ },
		driverOf: (runId) => drivers.get(runId),
		takeUp: async () => null,
	})
	return {
		...{ clock, sleepers },
		released: () => releases,
		async fallAsleep(from: number, to: number): Promise<void> {
			for (let n = from; n < to; n++) {
				const driver = standingDriver(`R-${n}`)
				drivers.set(driver.run.id, driver)
				sleepers.changed(driver)
			}
			await clock.advance(10)
		},
	}
}

test('memory is given back once for many runs that fell asleep, and not before all of them have', async () => {
	const { clock, sleepers, released, fallAsleep } = world()
	await fallAsleep(0, 999)
	await clock.advance(5000)
	expect([sleepers.count, released()]).toEqual([999, 0])
	await fallAsleep(999, 1500)
	await clock.advance(900)
	await fallAsleep(1500, 1600)
	await clock.advance(900)
	expect(released()).toBe(0)
	await clock.advance(100)
	expect([sleepers.count, released()]).toEqual([1600, 1])
	await clock.advance(5000)
	expect(released()).toBe(1)
})

test('a run that cannot be taken up again is no sleeper any more', async () => {
	const { sleepers, fallAsleep } = world()
	await fallAsleep(0, 2)
	expect(await sleepers.wake(asRunId('R-0'))).toBeNull()
	expect([sleepers.has(asRunId('R-0')), sleepers.count]).toEqual([false, 1])
})
