import type { ProcessOptions } from '../../src/backend/process/backend.ts'
import { newChildSlots } from '../../src/backend/process/child-slots.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { silentLogger } from '../../src/kernel/log.ts'

/** Options of the process backend for tests: the real clock, a short grace. */
export function processOptions(over: Partial<ProcessOptions> = {}): ProcessOptions {
	return {
		children: newChildSlots(16),
		attempts: { setSystem: async () => {} },
		environment: { PATH: process.env.PATH, HOME: process.env.HOME },
		baseUrl: () => 'http://127.0.0.1:7777',
		outputBytes: 16 * 1024 * 1024,
		killGraceMs: 200,
		clock: systemClock,
		log: silentLogger,
		...over,
	}
}
