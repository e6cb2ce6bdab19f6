import type { AttemptStore } from '../../../core/dispatch/attempt-store.ts'
import type { EventLog } from '../../../core/event/log.ts'
import type { OperatorHub } from '../../../core/operator/hub.ts'
import type { OperatorSessions } from '../../../core/operator/sessions.ts'
import type { OperatorRequest } from '../../../core/operator/store.ts'
import { materialOf } from '../../../core/output/prompt.ts'
import type { OutputStore } from '../../../core/output/store.ts'
import type { Run } from '../../../core/run/record.ts'
import { acquireSeat, declaredSlots, type SeatDeps } from '../../../core/run/steer/acquire.ts'
import { MseError } from '../../../kernel/error.ts'
import { asRunId, asStepId, type StepId } from '../../../kernel/id.ts'
import { refusals } from '../../../protocol/error.ts'
import {
	AcquireBodySchema,
	AcquiredSchema,
	AssigneesSchema,
	HandoverSchema,
	MaterialQuerySchema,
	MaterialSchema,
	type Unanswered,
} from '../../../protocol/seat.ts'
import { jsonBody } from '../body.ts'
import { swarmRoutes } from '../failure.ts'
import { bearerOf, type IsAdmin, ownCredential } from '../guard.ts'
import { readTrace } from '../read-trace.ts'
import { toAcquired, toSeats } from '../wire/seat.ts'

export interface SeatRouteDeps extends SeatDeps {
	readonly sessions: OperatorSessions
	readonly hub: Pick<OperatorHub, 'pendingOf'>
	readonly outputs: Pick<OutputStore, 'listForAttempt'>
	readonly attempts: Pick<AttemptStore, 'latest'>
	readonly events: EventLog
	/** `adminCheck` of the configured admin token. */
	readonly isAdmin: IsAdmin
}

/** Who answers for a run, and taking over from them (mlua-swarm 0.26.0). Any operator may look. */
export function seatRoutes(deps: SeatRouteDeps) {
	const look = ownCredential('operator')
	return swarmRoutes('seats')
		.post(
			'/v1/runs/:id/acquire',
			async ({ params, body: { op, desc, slot } }) =>
				toAcquired(await acquireSeat(deps, asRunId(params.id), { op, desc, ...(slot != null && { slot }) })),
			{
				...jsonBody(AcquireBodySchema),
				detail: { summary: 'Takes over a seat of a run' },
				response: { 200: AcquiredSchema, ...refusals(400, 403, 404, 422, 503) },
			},
		)
		.get('/v1/runs/:id/assignees', async ({ request, params }) => assignees(deps, await seenRun(deps, request, params.id)), {
			detail: { summary: 'Shows who answers for a run', ...look },
			response: { 200: AssigneesSchema, ...refusals(401, 404) },
		})
		.get('/v1/runs/:id/handover', async ({ request, params }) => handover(deps, await seenRun(deps, request, params.id)), {
			detail: { summary: 'Shows what somebody who takes over a run has to know', ...look },
			response: { 200: HandoverSchema, ...refusals(401, 404) },
		})
		.get(
			'/v1/runs/:id/material',
			async ({ request, params, query }) => material(deps, await seenRun(deps, request, params.id), namedStep(query.step_id)),
			{
				query: MaterialQuerySchema,
				detail: { summary: 'Shows what the worker of a step was given', ...look },
				response: { 200: MaterialSchema, ...refusals(400, 401, 404) },
			},
		)
}

async function seenRun({ sessions, isAdmin, runs }: SeatRouteDeps, request: Request, id: string): Promise<Run> {
	if (!isAdmin(request)) await sessions.authenticateAny(bearerOf(request))
	const run = await runs.listed(asRunId(id))
	if (!run) throw new MseError('not_found', `Run ${id} does not exist.`, { code: 'unknown_run' })
	return run
}

async function assignees(deps: SeatRouteDeps, run: Run) {
	return { run_id: run.id, generation: run.seatGeneration, ...toSeats(run, await declaredSlots(deps, run)) }
}

async function handover(deps: SeatRouteDeps, run: Run) {
	const [latest] = await readTrace(deps.events, run.id, { latest: 1 })
	const requests = await deps.hub.pendingOf(run.id)
	return {
		...(await assignees(deps, run)),
		trace: { route: `/v1/runs/${run.id}/trace`, latest_seq: latest?.seq ?? null },
		unanswered: await Promise.all(requests.map((request) => unanswered(deps, request))),
		unread_seats: run.seats
			.filter(({ op }) => deps.sessions.peek(op) === null)
			.map(({ slot, op }) => ({ slot, op, reason: `'${op}' is no live operator session.` })),
	}
}

/** A hook belongs to its operator, not to a seat. */
async function unanswered(deps: SeatRouteDeps, request: OperatorRequest): Promise<Unanswered> {
	const { kind, slot, sid, seatGeneration, reqId, runId, stepId, attempt } = request
	return {
		slot: kind === 'hook_before' ? null : slot,
		op: sid,
		generation: seatGeneration,
		req_id: reqId,
		kind,
		step_id: stepId,
		attempt,
		...(await finalOf(deps, stepId, attempt)),
		material_route: `/v1/runs/${runId}/material?step_id=${stepId}`,
	}
}

/** Asked after the credential: who has none is not told what is missing. */
function namedStep(stepId: string | undefined): StepId {
	if (stepId !== undefined) return asStepId(stepId)
	throw new MseError('malformed', 'The query parameter `step_id` has to be the id of a step of this run.', { code: 'invalid_query' })
}

async function material(deps: SeatRouteDeps, run: Run, stepId: StepId) {
	const attempt = await deps.attempts.latest(stepId)
	if (attempt?.runId !== run.id)
		throw new MseError('not_found', `Run ${run.id} has no material for step ${stepId}.`, { code: 'unknown_step' })
	const final = await finalOf(deps, stepId, attempt.n)
	return { run_id: run.id, run_link: 'confirmed' as const, note: null, payload: materialOf(attempt), ...final }
}

async function finalOf({ outputs }: SeatRouteDeps, stepId: StepId, attempt: number) {
	const tail = await outputs.listForAttempt(stepId, attempt, 'tail')
	const final = tail.findLast(({ event }) => event.type === 'final')?.event
	return { final_present: final !== undefined, final_ok: final?.type === 'final' ? final.ok : null }
}
