import { Value } from '@sinclair/typebox/value'
import { MseError } from '../../kernel/error.ts'
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'
import {
	type AppliedPatch,
	AppliedPatchSchema,
	type AxisVerdict,
	AxisVerdictSchema,
	type CommitDecision,
	CommitDecisionSchema,
	PatchAnswerSchema,
} from '../../protocol/enhance.ts'
import type { Findings } from './log.ts'

/**
 * The step `committer`: the context of an enhance run to its decision (mlua-swarm 0.1.0). A patch that could not be applied is denied
 * on an axis of its own, `patch`, whatever the verifiers say of the unchanged document. Throws an Error without `applied`.
 */
export function decideCommit(ctx: Json): CommitDecision & JsonObject {
	const { applied, verdicts } = isJsonObject(ctx) ? ctx : {}
	if (!Value.Check(AppliedPatchSchema, applied)) throw new Error('committer: there is no applied patch to decide about')
	const { patch, new_hash, new_bp_yaml, new_bp_json } = applied
	const isPatch = Value.Check(PatchAnswerSchema, patch)
	const verdicts_summary = summaryOf([...patchVerdict(applied), ...readVerdicts(verdicts)])
	const reasons = verdicts_summary.flatMap(({ axis, reason }) => (reason === undefined ? [] : [`${axis}: ${reason}`]))
	if (!isPatch || reasons.length > 0) return { committed: false, reasons, rationale: isPatch ? patch.rationale : '', verdicts_summary }
	const { bump, rationale } = patch
	return { committed: true, new_version: new_hash, new_bp_yaml, new_bp_json: new_bp_json as Json, bump, rationale, verdicts_summary }
}

function patchVerdict({ patch, problem }: AppliedPatch): readonly AxisVerdict[] {
	const reason = problem ?? (Value.Check(PatchAnswerSchema, patch) ? null : 'the answer is no {ops, bump, rationale}')
	return reason === null ? [] : [{ axis: 'patch', outcome: { Deny: { reason } } }]
}

/** Each lane brings back its whole context, with the verdict in it. */
function readVerdicts(lanes: Json | undefined): readonly AxisVerdict[] {
	if (!Array.isArray(lanes)) throw new Error('committer: verdicts (a list) is missing')
	return lanes.map((lane) => {
		const verdict = isJsonObject(lane) ? lane.verdict : undefined
		if (Value.Check(AxisVerdictSchema, verdict)) return verdict
		const axis = isJsonObject(lane) && typeof lane.axis === 'string' ? lane.axis : 'unknown'
		return { axis, outcome: { Deny: { reason: 'its verifier gave no verdict' } } }
	})
}

function summaryOf(verdicts: readonly AxisVerdict[]) {
	return verdicts.map(({ axis, outcome }) =>
		'Deny' in outcome
			? { axis, status: 'deny' as const, reason: outcome.Deny.reason }
			: { axis, status: 'pass' as const, evidence: outcome.Pass.evidence },
	)
}

/** The decision in the final context of an enhance run. Throws `invalid` (code `commit_shape`) for anything else. */
export function readDecision(finalCtx: Json): CommitDecision {
	const commit = isJsonObject(finalCtx) ? finalCtx.commit : undefined
	if (Value.Check(CommitDecisionSchema, commit)) return commit
	const first = Value.Errors(CommitDecisionSchema, commit).First()
	throw new MseError('invalid', `commit shape: ${first?.path || 'commit'}: ${first?.message}`, { code: 'commit_shape' })
}

export function toFindings(decision: CommitDecision, prevHash: string): Findings {
	const verdicts = decision.verdicts_summary.map(({ axis, status, evidence, reason }) => ({
		axis,
		status,
		detail: evidence ?? reason ?? '',
	}))
	return { prevHash, rationale: decision.rationale, verdicts, reasons: decision.committed ? [] : decision.reasons }
}
