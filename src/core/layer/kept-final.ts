import { messageOf } from '../../kernel/error.ts'
import type { Json } from '../../kernel/json.ts'
import type { VerdictContract } from '../../protocol/blueprint.ts'
import type { Attempt, Completion } from '../dispatch/backend.ts'
import { contentValue, isSkip } from '../output/fold.ts'
import type { OutputStore } from '../output/store.ts'
import { requireContract } from '../output/verdict.ts'

export interface KeptFinal {
	readonly value: Json
	readonly ok: boolean
	/** False where the value only says in which file the result lies. */
	readonly isInline: boolean
}

/**
 * The last Final of an attempt whose worker is done; null when it left none. What the worker only returned is appended to
 * the tail first, so that whoever is shown it is shown what is on disk. Throws when it breaks the agent's contract.
 */
export async function keepFinal(
	outputs: Pick<OutputStore, 'listForAttempt'>,
	attempt: Attempt,
	{ final }: Completion,
	contract: VerdictContract | undefined,
): Promise<KeptFinal | null> {
	const tail = await outputs.listForAttempt(attempt.stepId, attempt.n, 'tail')
	const posted = tail.map(({ event }) => event).findLast((event) => event.type === 'final')
	if (posted) return { value: contentValue(posted.content), ok: posted.ok, isInline: posted.content.kind === 'inline' }
	if (!final) return null
	if (final.ok && !isSkip(final.value)) refuseBroken(() => requireContract(contract, final.value, tail))
	await appendFinal(attempt, final)
	return { ...final, isInline: true }
}

/** One more Final; the last one decides the step. */
export function appendFinal(attempt: Attempt, { value, ok }: Pick<KeptFinal, 'value' | 'ok'>): Promise<void> {
	return attempt.emit({ type: 'final', content: { kind: 'inline', value }, ok })
}

function refuseBroken(check: () => void): void {
	try {
		check()
	} catch (error) {
		throw new Error(`Final rejected before output_tail: ${messageOf(error)}`)
	}
}
