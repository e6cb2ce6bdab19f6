import { MseError, messageOf } from '../../kernel/error.ts'
import type { FaultPoint } from '../../kernel/fault.ts'
import { newRunId, type RunId } from '../../kernel/id.ts'
import { isJsonObject, type Json } from '../../kernel/json.ts'
import type { CommitDecision, EnhanceLogEntry } from '../../protocol/enhance.ts'
import { blueprintHash } from '../blueprint/normal-form.ts'
import { parseBlueprint } from '../blueprint/parse.ts'
import { blueprintInvalid } from '../blueprint/resolve.ts'
import type { NewCommit } from '../blueprint/store.ts'
import { commitMessage } from './commit-message.ts'
import { readDecision, toFindings } from './decide.ts'
import type { AskGate } from './gate.ts'
import type { Issue } from './issue.ts'
import { type Findings, toLogEntry } from './log.ts'
import { newOrder, type Order, type OrderDeps } from './order.ts'

/** A run as issues see it; `failure` says why it did not come to its end. */
export interface EnhanceRun {
	readonly initCtx: Json
	readonly finalCtx: Json
	readonly failure: string | null
}

/** Runs, as far as issues need them. */
export interface EnhanceRuns {
	exists(id: RunId): Promise<boolean>
	/** Resolves once the run is on disk under the order's id. */
	launch(order: Order): Promise<void>
	/**
	 * Resolves once the run is in a final status, whoever takes it there. `interrupted` is called with true when it waits to be resumed
	 * or cancelled, and with false when it goes on.
	 */
	untilEnded(id: RunId, signal: AbortSignal, interrupted: (isSo: boolean) => void): Promise<EnhanceRun>
}

export interface WorkDeps extends OrderDeps {
	readonly runs: EnhanceRuns
	/** Ends an issue in flight with the commit it led to; see `applyIssue` of the store. */
	readonly apply: (id: string, change: NewCommit, entry: EnhanceLogEntry) => Promise<boolean>
	/** Undefined where verified changes need nobody's consent. */
	readonly ask: AskGate | undefined
	/** So many runs an issue gets when the head of its Blueprint moves under each. */
	readonly maxAttempts: number
	readonly fault: FaultPoint
}

/**
 * One attempt at an issue in flight, from wherever an earlier life of the server left it: a run of its own, which is launched
 * unless it exists; its decision; consent where it is needed; then commit, log and status in one transaction. Throws
 * `unavailable` when it has to be done again later, and the signal's reason.
 */
export async function workOnIssue(deps: WorkDeps, issue: Issue, signal: AbortSignal, interrupted: (isSo: boolean) => void): Promise<void> {
	deps.fault('issue.taken')
	try {
		const runId = issue.runId ?? newRunId()
		if (!(await deps.runs.exists(runId))) await deps.runs.launch(await newOrder(deps, issue, runId))
		deps.fault('issue.launched')
		const run = await deps.runs.untilEnded(runId, signal, interrupted)
		deps.fault('issue.run_ended')
		if (run.failure !== null) throw new Error(`run ${runId} ${run.failure}`)
		await settle(deps, { issue, runId, prevHash: prevHashOf(run), decision: readDecision(run.finalCtx) }, signal)
	} catch (thrown) {
		signal.throwIfAborted()
		if (thrown instanceof MseError && thrown.kind === 'unavailable') throw thrown
		await deps.enhance.settleIssue(issue.id, { status: 'rejected', reason: `dispatch failed: ${messageOf(thrown)}` }, null)
	}
	deps.fault('issue.settled')
}

interface Decided<D extends CommitDecision = CommitDecision> {
	readonly issue: Issue
	readonly runId: RunId
	/** Head of the Blueprint when the run began. */
	readonly prevHash: string
	readonly decision: D
}
type Verified = Decided<Extract<CommitDecision, { committed: true }>>

async function settle(deps: WorkDeps, decided: Decided, signal: AbortSignal): Promise<void> {
	const { decision, issue, runId, prevHash } = decided
	if (!decision.committed) return reject(deps, decided, decision.reasons, `verifier deny: ${decision.reasons.join('; ')}`)
	const verified = { ...decided, decision }
	const change = toChange(verified)
	const answer = await deps.ask?.({ runId, issue, prevHash, decision }, signal)
	deps.fault('issue.consented')
	if (answer?.granted === false) {
		const reason = `approval denied by ${answer.by}: ${answer.reason}`
		return reject(deps, decided, [reason], reason)
	}
	await commit(deps, verified, { ...change, message: commitMessage({ ...verified, consentBy: answer?.by ?? null }) })
}

function reject({ enhance, clock }: WorkDeps, { issue, decision, prevHash }: Decided, reasons: readonly string[], reason: string) {
	const findings: Findings = { ...toFindings(decision, prevHash), reasons }
	const outcome = { status: 'rejected', reason } as const
	return enhance.settleIssue(issue.id, outcome, toLogEntry(issue, outcome, findings, clock.now())).then(() => {})
}

/** Whoever else moved the head meanwhile keeps what he did: the issue is worked on anew, on top of that. */
async function commit(deps: WorkDeps, verified: Verified, change: NewCommit): Promise<void> {
	const { issue, decision, prevHash } = verified
	const outcome = { status: 'applied', newVersion: decision.new_version } as const
	const entry = toLogEntry(issue, outcome, toFindings(decision, prevHash), deps.clock.now())
	deps.fault('issue.before_commit')
	try {
		await deps.apply(issue.id, change, entry)
	} catch (thrown) {
		if (!(thrown instanceof MseError && thrown.code === 'head_moved')) throw thrown
		if (issue.attempt < deps.maxAttempts) return void (await deps.enhance.requeueIssue(issue.id, thrown.message))
		const reason = `the head of ${issue.blueprintId} moved during each of ${issue.attempt} attempts`
		await reject(deps, verified, [reason], reason)
	}
}

/** Throws an Error unless the decision names the very version of its document, and that is one of the issue's Blueprint. */
function toChange({ issue, prevHash, decision }: Verified): Omit<NewCommit, 'message'> {
	const document = decision.new_bp_json as Json
	const { blueprint, diagnostics } = parseBlueprint(document)
	if (!blueprint) throw blueprintInvalid(diagnostics)
	const hash = blueprintHash(blueprint)
	if (hash !== decision.new_version) throw new Error(`commit: new_version is ${decision.new_version}, but its document is version ${hash}`)
	if (blueprint.id !== issue.blueprintId) throw new Error(`commit: the document is Blueprint ${blueprint.id}, not ${issue.blueprintId}`)
	return { id: issue.blueprintId, document, blueprint, author: AUTHOR, expectedHead: prevHash }
}

const AUTHOR = 'enhance'

function prevHashOf({ initCtx }: EnhanceRun): string {
	if (isJsonObject(initCtx) && typeof initCtx.prev_hash === 'string') return initCtx.prev_hash
	throw new Error('its run has no prev_hash in its initial context')
}
