import type { Approval } from '../core/approval/approval.ts'
import { ApprovalGate, type Asked } from '../core/approval/gate.ts'
import type { AttemptRecord } from '../core/dispatch/attempt-store.ts'
import { attemptOf } from '../core/output/caller.ts'
import type { ApprovePolicy, StepApprovals, StepDecision, StepQuestion } from '../core/run/approvals.ts'
import type { Clock } from '../kernel/clock.ts'
import { MseError } from '../kernel/error.ts'
import type { RunId } from '../kernel/id.ts'
import type { Json } from '../kernel/json.ts'
import type { OpenApproval } from '../protocol/run.ts'
import type { DataDir } from '../store/data-dir.ts'
import { blueprintGate } from './blueprint-gate.ts'
import type { EngineOptions } from './option.ts'
import type { Stores } from './stores.ts'

/** The gate of a server, with the actions that need nothing but the stores, and what its routes ask for. */
export function openApprovals({ config, clock, log }: EngineOptions, { fault }: DataDir, stores: Stores, secret: Uint8Array) {
	const { maxPending, approveWaitSecs, noSelfApproval, deadlineSecs } = config.approvals
	const gate = new ApprovalGate({
		...{ store: stores.approvalStore, events: stores.events, clock, log, fault, maxPending, noSelfApproval },
		...{ waitMs: approveWaitSecs * 1000, deadlineMs: deadlineSecs === null ? null : deadlineSecs * 1000 },
	})
	const blueprints = blueprintGate(gate, stores.blueprints)
	gate.register('blueprint_commit', blueprints.action)
	return {
		gate,
		ofSteps: stepApprovals(gate),
		/** Absent while commits need no approval. */
		propose: config.gate.blueprints === 'approval' ? blueprints.propose : undefined,
		openOf: openApprovalsOf(gate, clock),
		/** The attempt that a credential of a worker speaks for; null when it is none. */
		workerOf: (bearer: string): Promise<AttemptRecord | null> =>
			attemptOf({ attempts: stores.attempts, secret, clock }, bearer, 'fetch_prompt').catch((error) => {
				if (error instanceof MseError) return null
				throw error
			}),
	}
}

/** What a run waits for, as its record shows it. */
export function openApprovalsOf(gate: ApprovalGate, clock: Clock): (runId: RunId) => Promise<OpenApproval[]> {
	const ageSecs = (at: number): number => Math.max(0, Math.floor((clock.now() - at) / 1000))
	return async (runId) => {
		const open = await gate.list({ status: 'pending', runId, after: 0, limit: SHOWN })
		return open.map(({ id, requestedAt, stepId, deadlineAt }) => {
			return { id, age_secs: ageSecs(requestedAt), step_id: stepId, deadline_at: deadlineAt }
		})
	}
}

/** So many a run's record names. */
const SHOWN = 100

/** How the steps of runs ask the gate. */
export function stepApprovals(gate: ApprovalGate): StepApprovals {
	return {
		async decide(question, signal, stands) {
			const { id } = await gate.ask(toAsked(question))
			return toDecision(await gate.settled(id, signal, stands))
		},
	}
}

function toAsked({ policy, operatorSid, runId, taskId, stepId, position, ref, prompt }: StepQuestion): Asked {
	const { approvers, required, deadline_ms, on_timeout, form } = readPolicy(policy)
	return {
		kind: 'step_spawn',
		subject: { type: 'step', id: stepId, name: ref },
		requester: operatorSid ?? runId,
		payload: { agent: ref, prompt },
		...{ runId, taskId, stepId, position, approvers, required, onTimeout: on_timeout, form: (form ?? null) as Json },
		...(deadline_ms !== undefined && { deadlineMs: deadline_ms }),
	}
}

function readPolicy(policy: ApprovePolicy): Exclude<ApprovePolicy, string> {
	return typeof policy === 'object' ? policy : { when: policy, approvers: [], required: 1, on_timeout: 'deny' }
}

function toDecision({ id, status, answer, by, note, resolvedAt, requestedAt }: Approval): StepDecision {
	if (status === 'approved') return { granted: true, answer, by, note, at: resolvedAt ?? requestedAt }
	const why = note === null ? '' : `: ${note}`
	const message = `dispatch failed: approval ${id} ${status === 'denied' ? `was denied by ${by}` : 'failed'}${why}`
	return { granted: false, failure: { code: status === 'denied' ? 'approval_denied' : 'approval_failed', message } }
}
