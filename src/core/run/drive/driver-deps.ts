import type { Clock } from '../../../kernel/clock.ts'
import type { Logger } from '../../../kernel/log.ts'
import type { FlowHost } from '../../flow/flow-host.ts'
import type { LayerRegistry } from '../../layer/layer.ts'
import type { OutputStore } from '../../output/store.ts'
import type { TraceparentOf } from '../../trace/context.ts'
import type { StepApprovals } from '../approvals.ts'
import type { InFlight } from '../in-flight.ts'
import type { StepFailure } from '../record.ts'
import type { RunStore } from '../store.ts'

/** What every run of this server shares. */
export interface DriverDeps {
	readonly runs: RunStore
	readonly outputs: OutputStore
	readonly clock: Clock
	readonly log: Logger
	readonly dataDirId: string
	readonly tokenSecret: Uint8Array
	readonly tokenTtlSecs: number
	readonly recoveryMax: number
	/** Milliseconds of work after which deaths are forgotten; 0 for never. */
	readonly recoveryResetMs: number
	readonly limits: FlowHost['limits'] & { readonly ctxBytes: number }
	readonly layers: LayerRegistry
	readonly inFlight: InFlight
	/** What workers outside this process are told of the span of their attempt. */
	readonly traceparentOf?: TraceparentOf | undefined
	/** Without it, steps that want an approval fail. */
	readonly approvals?: StepApprovals | undefined
}

/** What a driver tells whoever started it. */
export interface DriverListener {
	/** A limit of the run is reached; the run goes on until somebody ends it. */
	limitReached(why: StepFailure): void
	/** The driver's `sleepsAfterMs` changed. */
	standingChanged(): void
}
