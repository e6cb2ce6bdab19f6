import { numbered } from './numbered.ts'

/** The gate of hyperhive's host daemon, and what else of this server waits at it. */
export const approvalRequirements = numbered('08.', {
	57: 'what is asked for twice while it is pending is asked once',
	58: 'an approve is answered when what was approved is done; the row is resolved no earlier than it was asked',
	59: 'what was approved and cannot be done fails the approval with its reason, in row and event',
	60: 'a deny ends the approval, does nothing and is told once',
	61: 'answers to unknown and ended approvals are refused with stable sentences and tell nothing',
	62: 'of 50 approves at a time exactly one begins the action',
	63: 'a claim that a server death interrupted is settled by what is found, once, and never begun again',
	64: 'the end of an approval and what belongs to it are on disk together or not at all',
	65: 'ids only grow and are never given out twice',
	66: 'the queue has a limit, and says so',
	73: 'a gated commit leaves the head until it is granted; a deny leaves it and keeps the note',
})
