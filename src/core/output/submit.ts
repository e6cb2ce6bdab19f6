import { MseError } from '../../kernel/error.ts'
import type { Json } from '../../kernel/json.ts'
import type { VerdictContract } from '../../protocol/blueprint-agent.ts'
import type { OutputEvent } from '../../protocol/output.ts'
import type { SubmitQuery, WorkerResultReq } from '../../protocol/worker.ts'
import { aboutAttempt } from '../dispatch/about-attempt.ts'
import type { AttemptRecord } from '../dispatch/attempt-store.ts'
import { identify, requireAttempt, requireRunning, requireStep } from './caller.ts'
import type { PinnedAgent, Presented, WorkerFaceDeps } from './face-deps.ts'
import { AUDIT_PREFIX, skipMarker } from './fold.ts'
import { requireBytes, requireRoom } from './limit.ts'
import { keepAndProject } from './projection.ts'
import { resolveSentinel, SUBMITTED_FILE_BYTES } from './sentinel.ts'
import type { NewOutput, OutputRecord } from './store.ts'
import { formatOf, toSubmittedValue } from './submit-format.ts'
import { toText } from './text.ts'
import { requireContract, requireMember, type Signal, toSignal, VERDICT_PART } from './verdict.ts'

/** Appends a Final from a raw body. The checks run in the order mlua-swarm 0.26.0 has, so that the same one answers. */
export async function submit(deps: WorkerFaceDeps, presented: Presented, query: SubmitQuery, body: Uint8Array): Promise<void> {
	const attempt = await identify(deps, presented, 'emit_output')
	requireRunning(attempt)
	const text = await bodyText(deps, attempt, body)
	const declared = attempt.context.extra?.submit_format
	if (declared !== undefined && formatOf(attempt.context) === 'unsaid')
		deps.log.warn('submit_format is unknown, the body is kept as text', { ...aboutAttempt(attempt), submit_format: declared })
	const value = toSubmittedValue(text, attempt.context)
	const signal = toSignal(query.verdict, query.ok)
	await appendFinal(deps, attempt, value, signal)
}

/** Appends a Final from a JSON value. */
export async function result(deps: WorkerFaceDeps, presented: Presented, request: WorkerResultReq): Promise<void> {
	const attempt = await identify(deps, presented, 'post_result')
	await requireStep(deps, attempt, request.task_id)
	requireAttempt(attempt, request.attempt)
	requireRunning(attempt)
	requireBytes(deps.limits, Buffer.byteLength(JSON.stringify(request.value)))
	await appendFinal(deps, attempt, request.value as Json, { ok: request.ok ?? true, skip: false })
}

/** Stages a named part of the step's value; the last of a name counts. */
export async function artifact(deps: WorkerFaceDeps, presented: Presented, name: string | undefined, body: Uint8Array): Promise<void> {
	const attempt = await identify(deps, presented, 'emit_output')
	requireRunning(attempt)
	const partName = requirePartName(name)
	const value = await bodyText(deps, attempt, body)
	const agent = await deps.agentOf(attempt.runId, attempt.agent)
	if (partName === VERDICT_PART && agent?.verdict?.channel === 'part') requireMember(agent.verdict, value)
	await requireRoom(deps, attempt, 'tail')
	await append(deps, attempt, agent, { type: 'artifact', name: partName, content: { kind: 'inline', value } })
}

/** Appends to the attempt's tail, unless it ended meanwhile: then throws what a late call gets. */
export async function appendToRunning(deps: WorkerFaceDeps, attempt: AttemptRecord, output: NewOutput): Promise<OutputRecord> {
	const record = await deps.outputs.appendWhileRunning(output)
	if (record) return record
	const now = await deps.attempts.latest(attempt.stepId)
	if (now?.n === attempt.n) requireRunning(now)
	throw new MseError('gone', `Attempt ${attempt.n} of ${attempt.stepId} has ended.`, { code: 'attempt_ended' })
}

async function bodyText(deps: WorkerFaceDeps, attempt: AttemptRecord, body: Uint8Array): Promise<string> {
	requireBytes(deps.limits, body.byteLength)
	const fileBytes = Math.min(deps.limits.outputBytes, SUBMITTED_FILE_BYTES)
	return resolveSentinel(toText(body), attempt.context, deps.files, fileBytes)
}

async function appendFinal(deps: WorkerFaceDeps, attempt: AttemptRecord, value: Json, { ok, skip }: Signal): Promise<void> {
	const agent = await deps.agentOf(attempt.runId, attempt.agent)
	if (ok && !skip) await checkContract(deps, attempt, agent?.verdict, value)
	await requireRoom(deps, attempt, 'finals')
	await append(deps, attempt, agent, { type: 'final', content: { kind: 'inline', value: skip ? skipMarker(value) : value }, ok })
	deps.finalArrived(attempt.stepId, attempt.n)
}

/** Contracts belong to the run's pinned Blueprint, so runs of other Blueprints never share them. */
async function checkContract(
	deps: WorkerFaceDeps,
	attempt: AttemptRecord,
	contract: VerdictContract | undefined,
	value: Json,
): Promise<void> {
	if (!contract) return
	const tail = contract.channel === 'part' ? await deps.outputs.listForAttempt(attempt.stepId, attempt.n, 'tail') : []
	requireContract(contract, value, tail)
}

async function append(deps: WorkerFaceDeps, attempt: AttemptRecord, agent: PinnedAgent | null, event: OutputEvent): Promise<void> {
	const { stepId, runId, n, agent: producer } = attempt
	const keep = () => appendToRunning(deps, attempt, { plane: 'tail', runId, stepId, attempt: n, producer, event, parentRefs: [] })
	if (!agent?.projection) return void (await keep())
	await keepAndProject({ files: deps.projections, log: deps.log }, agent.projection, attempt, event, keep)
}

function requirePartName(name: string | undefined): string {
	const trimmed = name?.trim() ?? ''
	if (trimmed === '') throw new MseError('malformed', 'The artifact needs a name: pass ?name=<name>.', { code: 'blank_part_name' })
	if (trimmed.startsWith(AUDIT_PREFIX))
		throw new MseError('malformed', `Names that begin with ${AUDIT_PREFIX} belong to auditors; choose another than ${trimmed}.`, {
			code: 'reserved_part_name',
		})
	return trimmed
}
