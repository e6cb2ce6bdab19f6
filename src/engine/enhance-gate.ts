import type { ApprovalGate } from '../core/approval/gate.ts'
import type { AskGate } from '../core/enhance/gate.ts'
import type { Json } from '../kernel/json.ts'

/** How verified changes of the enhance flow ask: once for each run, whatever became of the question meanwhile. */
export function enhanceGate(gate: ApprovalGate): AskGate {
	return async ({ runId, issue, prevHash, decision }, signal) => {
		const subject = { type: 'issue', id: issue.id }
		const [asked] = await gate.list({ runId, subject, after: 0, limit: 1 })
		const { new_version: version, new_bp_json: document } = decision
		const payload = { blueprint: issue.blueprintId, version, expected_head: prevHash, document: document as Json }
		const { id } = asked ?? (await gate.ask({ kind: 'custom', subject, requester: 'enhance', runId, digest: version, payload }))
		const { status, by, note } = await gate.settled(id, signal)
		const who = by ?? 'nobody'
		return status === 'approved' ? { granted: true, by: who } : { granted: false, by: who, reason: note ?? `approval ${id} ${status}` }
	}
}
