import { isLongerThan, type Json } from '../../../kernel/json.ts'
import { FlowError } from '../../flow/flow-error.ts'
import { StepFailed } from '../outcome.ts'

/** A step whose input is too large fails before it is dispatched; the flow may catch that. */
export function refuseLargeInput(ref: string, input: Json, limit: number): void {
	if (isLongerThan(input, limit)) throw new StepFailed(ref, 'ctx_too_large', `its input is larger than limits.ctx_bytes (${limit})`, null)
}

/** A run whose final ctx is too large to be kept fails. */
export function refuseLargeResult(ctx: Json, limit: number): void {
	if (isLongerThan(ctx, limit)) throw new FlowError('LimitError', `the final ctx is larger than limits.ctx_bytes (${limit})`)
}
