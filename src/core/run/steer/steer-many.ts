import { MseError } from '../../../kernel/error.ts'
import type { RunId, TaskId } from '../../../kernel/id.ts'
import type { RunService } from '../launch/request.ts'
import type { Run, RunStatus } from '../record.ts'
import type { RunStore } from '../store.ts'

export type SteerVerb = 'pause' | 'resume' | 'cancel'

/** Which runs; every key narrows it. */
export interface RunFilter {
	readonly runIds?: readonly RunId[]
	readonly taskId?: TaskId
	readonly blueprintId?: string
	readonly status?: RunStatus
}

export interface Steered {
	readonly changed: readonly RunId[]
	readonly refused: readonly { readonly runId: RunId; readonly error: MseError }[]
}

interface SteerDeps {
	readonly runs: RunStore
	readonly service: RunService
}

const PAGE = 1000
/** So many are steered at a time; their writes share commits. */
const AT_A_TIME = 500
/** Those a verb can mean anything for. */
const MEANT: { readonly [V in SteerVerb]: readonly RunStatus[] } = {
	pause: ['running'],
	resume: ['running', 'interrupted'],
	cancel: ['pending', 'running', 'interrupted'],
}

/** Pauses, resumes or cancels every run the filter matches and the verb can mean. One that refuses does not stop the others. */
export async function steerMany(deps: SteerDeps, verb: SteerVerb, filter: RunFilter, reason: string): Promise<Steered> {
	const runIds = (await matching(deps, verb, filter)).filter((run) => isMeant(verb, run)).map(({ id }) => id)
	const changed: RunId[] = []
	const refused: { runId: RunId; error: MseError }[] = []
	for (let from = 0; from < runIds.length; from += AT_A_TIME) {
		const some = runIds.slice(from, from + AT_A_TIME)
		const ends = await Promise.allSettled(some.map((runId) => steer(deps.service, verb, runId, reason)))
		for (const [index, runId] of some.entries()) {
			const end = ends[index]
			if (end?.status !== 'rejected') changed.push(runId)
			else if (end.reason instanceof MseError) refused.push({ runId, error: end.reason })
			else throw end.reason
		}
	}
	return { changed, refused }
}

async function matching({ runs }: SteerDeps, verb: SteerVerb, filter: RunFilter): Promise<readonly Run[]> {
	const statuses = MEANT[verb].filter((status) => filter.status === undefined || status === filter.status)
	const isWanted = (run: Run): boolean =>
		statuses.includes(run.status) &&
		(filter.taskId === undefined || run.taskId === filter.taskId) &&
		(filter.blueprintId === undefined || run.blueprintId === filter.blueprintId)
	if (filter.runIds) {
		const named = await Promise.all([...new Set(filter.runIds)].map((id) => runs.listed(id)))
		return named.filter((run) => run !== null).filter(isWanted)
	}
	const found: Run[] = []
	for (const status of statuses)
		for (let offset = 0, more = true; more; offset += PAGE) {
			const page = await runs.runs({ taskId: filter.taskId, blueprintId: filter.blueprintId, status, limit: PAGE, offset })
			found.push(...page)
			more = page.length === PAGE
		}
	return found
}

/** Running covers the paused ones too. */
function isMeant(verb: SteerVerb, { status, phase }: Run): boolean {
	if (verb === 'cancel' || status !== 'running') return true
	return (verb === 'resume') === (phase === 'paused')
}

async function steer(service: RunService, verb: SteerVerb, runId: RunId, reason: string): Promise<unknown> {
	if (verb === 'cancel') return service.cancel(runId, reason)
	return verb === 'pause' ? service.pause(runId) : service.resume(runId)
}
