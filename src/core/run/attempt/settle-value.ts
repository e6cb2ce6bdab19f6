import type { VerdictContract } from '../../../protocol/blueprint.ts'
import type { OutputEvent } from '../../../protocol/output.ts'
import type { AgentContext, Completion } from '../../dispatch/backend.ts'
import { decideStep } from '../../output/fold.ts'
import { requireContract } from '../../output/verdict.ts'
import { type Outcome, toFailure } from '../outcome.ts'

type Tail = readonly { readonly event: OutputEvent }[]

/**
 * The outcome of an attempt that ended by itself: the last Final of its tail, else what the backend brought back, folded
 * with the parts the worker staged. Neither is a failure, and so is a value that breaks the agent's verdict contract.
 */
export function settleValue(tail: Tail, completion: Completion, context: AgentContext, contract: VerdictContract | undefined): Outcome {
	const stats = completion.stats ?? null
	const posted = tail.some(({ event }) => event.type === 'final')
	const whole = posted || !completion.final ? tail : [...tail, toFinal(completion.final)]
	const decided = decideStep(whole, context)
	if (!decided) return { status: 'failed', failure: toFailure(new Error('no Final in output_tail')), stats }
	if (decided.skipped) return { status: 'skipped', value: decided.value, stats }
	if (!decided.ok) return { status: 'blocked', value: decided.value, stats }
	const violation = posted || !completion.final ? null : violationOf(contract, completion.final.value, tail)
	if (violation) return { status: 'failed', failure: toFailure(new Error(`Final rejected before output_tail: ${violation}`)), stats }
	return { status: 'passed', value: decided.value, stats }
}

function toFinal(final: NonNullable<Completion['final']>): { readonly event: OutputEvent } {
	return { event: { type: 'final', content: { kind: 'inline', value: final.value }, ok: final.ok } }
}

/** What a worker posts is checked when it posts it; what a backend brings back is checked here. */
function violationOf(contract: VerdictContract | undefined, value: Parameters<typeof requireContract>[1], tail: Tail): string | null {
	if (!contract) return null
	try {
		requireContract(contract, value, tail)
		return null
	} catch (error) {
		return error instanceof Error ? error.message : String(error)
	}
}
