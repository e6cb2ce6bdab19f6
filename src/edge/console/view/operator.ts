import type { OpenRequestRecord } from '../../../protocol/open-request.ts'
import type { OperatorSessionRecord } from '../../../protocol/operator-session.ts'

/** What a session is called by people: what it says of itself, else its roles, else its id. */
export function sessionTitle({ sid, desc, roles, agent }: Pick<OperatorSessionRecord, 'sid' | 'desc' | 'roles' | 'agent'>): string {
	if (agent !== null) return `Agent ${agent}`
	return desc ?? (roles.length > 0 ? roles.join(', ') : sid)
}

/** The inbox of an agent takes its requests whether or not its program runs. */
export const sessionWord = ({ agent, connected }: Pick<OperatorSessionRecord, 'agent' | 'connected'>): string =>
	agent !== null ? 'inbox' : connected ? 'connected' : 'away'

/** A seat of a run that nobody has, and what waits for somebody to take it. */
export interface Vacancy {
	readonly runId: string
	readonly slot: string
	readonly agents: readonly string[]
	readonly count: number
	readonly since: number
	/** The first one. */
	readonly deadline: number
}

/** Vacant seats, those that wait longest first. */
export function vacancies(requests: readonly OpenRequestRecord[]): readonly Vacancy[] {
	const waiting = requests.filter(({ owner }) => owner === null)
	const groups = Map.groupBy(waiting, ({ run_id, slot, agent }) => JSON.stringify([run_id, slot ?? agent]))
	return [...groups.values()]
		.flatMap((group): Vacancy[] => {
			const [first] = group
			if (first === undefined) return []
			return [
				{
					runId: first.run_id,
					slot: first.slot ?? first.agent,
					agents: [...new Set(group.map(({ agent }) => agent))],
					count: group.length,
					since: Math.min(...group.map(({ created_at }) => created_at)),
					deadline: Math.min(...group.map(({ deadline_at }) => deadline_at)),
				},
			]
		})
		.sort((a, b) => a.since - b.since)
}

/** What waits for one session, oldest first. */
export const requestsOf = (sid: string, requests: readonly OpenRequestRecord[]): readonly OpenRequestRecord[] =>
	requests.filter(({ owner }) => owner?.sid === sid)
