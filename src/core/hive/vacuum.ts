import type { Clock } from '../../kernel/clock.ts'
import type { Logger } from '../../kernel/log.ts'
import { type PeriodicJob, startPeriodicJob } from '../../kernel/periodic-job.ts'
import type { MessageStore } from './message-store.ts'

const KEPT_MS = 30 * 24 * 3600 * 1000
const AT_A_TIME = 1000

/** Drops messages that were delivered more than 30 days ago, every hour; what nobody has read stays, however old. */
export function startMessageVacuum({ messages, clock, log }: { messages: MessageStore; clock: Clock; log: Logger }): PeriodicJob {
	return startPeriodicJob({
		...{ name: 'hive_messages', periodSecs: 3600, clock, log },
		async act(signal) {
			let dropped = 0
			for (let round = AT_A_TIME; round === AT_A_TIME && !signal.aborted; dropped += round)
				round = await messages.dropDelivered(clock.now() - KEPT_MS, AT_A_TIME)
			return dropped
		},
	})
}
