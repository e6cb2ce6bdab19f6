import type { RunId, StepId } from '../../kernel/id.ts'
import type { Json } from '../../kernel/json.ts'
import type { StepStatus } from './record.ts'

/** The newest step of a ref that has brought something forth. */
export interface ProducedStep {
	readonly stepId: StepId
	readonly status: StepStatus
	/** What the flow sees of it; null while the step runs and only its worker has posted. */
	readonly value: Json
}

/** Steps by what they produced. Reads see committed state. */
export interface ProducedStepStore {
	/** In the current generation of the run; null when nothing of that ref produced anything yet. */
	newest(runId: RunId, ref: string): Promise<ProducedStep | null>
}
