import { type IdempotencyStore, oncePerKey } from '../../../core/access/idempotency.ts'
import type { Approval } from '../../../core/approval/approval.ts'
import type { ApprovalGate, Approved } from '../../../core/approval/gate.ts'
import { requireRunning } from '../../../core/output/caller.ts'
import type { Clock } from '../../../kernel/clock.ts'
import { MseError } from '../../../kernel/error.ts'
import { asRunId } from '../../../kernel/id.ts'
import { isJsonObject, type Json } from '../../../kernel/json.ts'
import {
	type ApprovalListQuery,
	ApprovalListQuerySchema,
	ApprovalListSchema,
	ApprovalQuerySchema,
	ApprovalSchema,
	ApproveBodySchema,
	type AskBody,
	AskBodySchema,
	DenyBodySchema,
} from '../../../protocol/approval.ts'
import { refusals } from '../../../protocol/error.ts'
import { approverOf, type Caller, type CallerDeps, callerOf, requesterOf } from '../approver.ts'
import { jsonBody, optionalJsonBody } from '../body.ts'
import { swarmRoutes } from '../failure.ts'
import { ownCredential } from '../guard.ts'
import { keyOf, takesKey } from '../idempotency.ts'
import { toApprovalRecord, toApprovalSummary } from '../wire/approval.ts'

export interface ApprovalRouteDeps extends CallerDeps {
	readonly gate: ApprovalGate
	readonly keys: IdempotencyStore
	readonly clock: Clock
}

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000
const LONGEST_WAIT_SECS = 300

const theirs = ownCredential('operator')

/** `/v1/approvals`: what waits for somebody's yes, and the yes. Operators answer under their sid and roles, workers only ask. */
export const approvalRoutes = (deps: ApprovalRouteDeps) => readingRoutes(deps).use(askingRoutes(deps)).use(answeringRoutes(deps))

function readingRoutes(deps: ApprovalRouteDeps) {
	return swarmRoutes('approval-reading')
		.get('/v1/approvals', async ({ request, query }) => list(deps, await callerOf(deps, request), query), {
			query: ApprovalListQuerySchema,
			detail: { summary: 'Lists approvals by id', ...theirs },
			response: { 200: ApprovalListSchema, ...refusals(400, 401, 403) },
		})
		.get(
			'/v1/approvals/:id',
			async ({ request, params, query, server }) => {
				const approval = await visible(deps, await callerOf(deps, request), params.id)
				const secs = Math.min(query.wait ?? 0, LONGEST_WAIT_SECS)
				if (secs === 0 || approval.status !== 'pending') return toApprovalRecord(approval, deps.clock.now())
				server?.timeout(request, 0)
				return toApprovalRecord(await deps.gate.settledWithin(approval.id, secs * 1000), deps.clock.now())
			},
			{
				query: ApprovalQuerySchema,
				detail: { summary: 'Shows an approval, or waits for its end', ...theirs },
				response: { 200: ApprovalSchema, ...refusals(400, 401, 403, 404) },
			},
		)
}

function askingRoutes(deps: ApprovalRouteDeps) {
	const once = oncePerKey<Approval>(deps.keys)
	return swarmRoutes('approval-asking').post(
		'/v1/approvals',
		async ({ request, body, status }) => {
			const caller = await callerOf(deps, request)
			const approval = await once(
				keyOf(request, body),
				() => ask(deps, caller, body),
				(effect) => deps.gate.get(idOf(effect)),
			)
			return status(201, toApprovalRecord(approval, deps.clock.now()))
		},
		{
			...takesKey,
			...jsonBody(AskBodySchema),
			detail: { summary: 'Asks a question of your own', ...theirs },
			response: { 201: ApprovalSchema, ...refusals(400, 401, 403, 409, 410, 422, 429, 503) },
		},
	)
}

function answeringRoutes(deps: ApprovalRouteDeps) {
	const { gate, clock } = deps
	const approveOnce = oncePerKey<Approved>(deps.keys)
	const denyOnce = oncePerKey<Approval>(deps.keys)
	const again = (effect: Json): Promise<Approval> => gate.get(idOf(effect))
	const answers = { detail: theirs, response: { 200: ApprovalSchema, ...refusals(400, 401, 403, 404, 409, 422, 503) } }
	return swarmRoutes('approval-answering')
		.post(
			'/v1/approvals/:id/approve',
			async ({ request, params, body, server, status }) => {
				const approver = approverOf(await callerOf(deps, request), body?.by)
				const { note, answer } = body ?? {}
				const by = { ...approver, ...(note !== undefined && { note }), answer: answer as Json | undefined }
				server?.timeout(request, 0)
				const { approval, running } = await approveOnce(
					keyOf(request, body),
					() => gate.approve(toId(params.id), by),
					async (effect) => toApproved(await again(effect)),
				)
				refuseFailed(approval)
				return status(running ? 202 : 200, toApprovalRecord(approval, clock.now()))
			},
			{
				...takesKey,
				...optionalJsonBody(ApproveBodySchema),
				detail: { summary: 'Grants an approval, and waits for what it begins', ...answers.detail },
				response: { ...answers.response, 202: ApprovalSchema },
			},
		)
		.post(
			'/v1/approvals/:id/deny',
			async ({ request, params, body }) => {
				const approver = approverOf(await callerOf(deps, request), body?.by)
				const by = { ...approver, ...(body?.note !== undefined && { note: body.note }) }
				return toApprovalRecord(await denyOnce(keyOf(request, body), () => gate.deny(toId(params.id), by), again), clock.now())
			},
			{
				...takesKey,
				...optionalJsonBody(DenyBodySchema),
				detail: { summary: 'Denies an approval', ...answers.detail },
				response: answers.response,
			},
		)
}

/** A worker sees what its own run asks. */
async function list({ gate, clock }: ApprovalRouteDeps, caller: Caller, query: ApprovalListQuery) {
	const limit = Math.min(query.limit ?? DEFAULT_LIMIT, MAX_LIMIT)
	const runId = caller.kind === 'worker' ? caller.attempt.runId : query.run === undefined ? undefined : asRunId(query.run)
	const found = await gate.list({
		status: query.status,
		kind: query.kind,
		runId,
		newestFirst: query.newest ?? false,
		after: query.after ?? 0,
		limit,
	})
	const next = found.length === limit ? (found.at(-1)?.id ?? null) : null
	return { approvals: found.map((approval) => toApprovalSummary(approval, clock.now())), next }
}

async function visible({ gate }: ApprovalRouteDeps, caller: Caller, id: string): Promise<Approval> {
	const approval = await gate.get(toId(id))
	if (caller.kind !== 'worker' || approval.runId === caller.attempt.runId) return approval
	throw noSuch(id)
}

function ask({ gate }: ApprovalRouteDeps, caller: Caller, body: AskBody): Promise<Approval> {
	if (caller.kind === 'worker') requireRunning(caller.attempt)
	return gate.ask({
		kind: 'custom',
		subject: body.subject,
		requester: requesterOf(caller, body.requester),
		...(caller.kind === 'worker' && { runId: caller.attempt.runId, taskId: caller.attempt.taskId }),
		...(body.payload !== undefined && { payload: body.payload as Json }),
		...(body.required !== undefined && { required: body.required }),
		...(body.approvers !== undefined && { approvers: body.approvers }),
		...(body.no_self_approval !== undefined && { noSelfApproval: body.no_self_approval }),
		...(body.deadline_ms !== undefined && { deadlineMs: body.deadline_ms }),
		...(body.on_timeout !== undefined && { onTimeout: body.on_timeout }),
		...(body.form !== undefined && { form: body.form as Json }),
	})
}

/** What was granted and could not be done is a refusal to whoever granted it. */
function refuseFailed({ id, status, note }: Approval): void {
	if (status !== 'failed') return
	throw new MseError('conflict', `approval ${id} failed: ${note}`, { code: 'approval_failed' })
}

/** What a repeat finds. */
const toApproved = (approval: Approval): Approved => ({ approval, running: approval.startedAt !== null })

/** What the approval store kept with the key. */
const idOf = (effect: Json): number => (isJsonObject(effect) ? Number(effect.approval_id) : Number.NaN)

function toId(text: string): number {
	if (/^\d{1,15}$/.test(text)) return Number(text)
	throw noSuch(text)
}

const noSuch = (id: string): MseError => new MseError('not_found', `no such approval ${id}`, { code: 'unknown_approval' })
