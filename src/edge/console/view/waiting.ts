import type { OpenRequestRecord } from '../../../protocol/open-request.ts'
import type { RunRecord } from '../../../protocol/run.ts'

/** Runs that nothing but a person moves on: those that were interrupted, and paused ones unless the whole server is. */
export function stuckRuns(runs: readonly RunRecord[], isServerPaused: boolean): readonly RunRecord[] {
	return runs.filter(({ status, phase }) => status === 'interrupted' || (phase === 'paused' && !isServerPaused))
}

const ASKS: { readonly [K in OpenRequestRecord['kind']]: (agent: string) => string } = {
	spawn: (agent) => `Work on ${agent}`,
	ask: (agent) => `A question about ${agent}`,
	hook_before: (agent) => `Leave to begin ${agent}`,
	hook_after: (agent) => `A look at ${agent}`,
}

export const requestTitle = ({ kind, agent }: Pick<OpenRequestRecord, 'kind' | 'agent'>): string => ASKS[kind](agent)

/** Who has to come. */
export function ownerText({ owner, slot }: Pick<OpenRequestRecord, 'owner' | 'slot'>): string {
	if (owner === null) return slot === null ? 'any operator' : `the seat ${slot}`
	return owner.desc || owner.roles.join(', ') || owner.sid
}

/** How it stands: what keeps it from being worked on comes first. */
export function requestWord({ owner, state }: Pick<OpenRequestRecord, 'owner' | 'state'>): string {
	if (owner === null) return 'seat vacant'
	return owner.connected ? state : 'away'
}
