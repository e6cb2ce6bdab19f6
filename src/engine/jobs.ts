import type { Config } from '../config.ts'
import type { OperatorSessions } from '../core/operator/sessions.ts'
import { startSessionSweep } from '../core/operator/sweep.ts'
import { startRetention } from '../core/retention/retention.ts'
import type { RetentionStore } from '../core/retention/store.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../kernel/log.ts'

/** Starts what the server does from time to time. */
export function startJobs(deps: {
	readonly config: Config
	readonly clock: Clock
	readonly log: Logger
	readonly retention: RetentionStore
	readonly sessions: OperatorSessions
}) {
	const { config, clock, log, sessions } = deps
	const sweep = startSessionSweep({ sessions, clock, log, periodSecs: config.operatorSessionSweepSecs })
	const retention = startRetention({ store: deps.retention, clock, log, limits: config.limits, periodSecs: config.retentionSweepSecs })
	return {
		all: { sweep, retentionJob: retention },
		/** Resolves once no round is under way. */
		async stop(): Promise<void> {
			for (const job of [sweep, retention]) job[Symbol.dispose]()
			await Promise.all([sweep.idle(), retention.idle()])
		},
	}
}
