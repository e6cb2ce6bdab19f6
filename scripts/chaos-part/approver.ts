import type { ApprovalRecord } from '../../src/protocol/approval.ts'
import { call, callUntilAnswered } from '../../test/e2e/support/api.ts'
import type { ClientJournal } from './journal.ts'

const POLL_MS = 20

/** Says yes to whatever waits, and notes what is acknowledged. */
export async function keepApproving({ url, journal, left }: { url: string; journal: ClientJournal; left: AbortSignal }): Promise<void> {
	while (!left.aborted) {
		const waiting = await call<{ approvals: ApprovalRecord[] }>('GET', `${url}/v1/approvals?status=pending`).catch(() => null)
		for (const { id } of waiting?.body.approvals ?? []) await approve(url, journal, id)
		await Bun.sleep(POLL_MS)
	}
}

/** One whose run was called off meanwhile says 409. */
async function approve(url: string, { note }: ClientJournal, id: number): Promise<void> {
	// An answer that was lost with its server is asked for again, and must not be a second grant.
	const headers = { 'idempotency-key': `approve-${id}` }
	const { status, body } = await callUntilAnswered<ApprovalRecord>('POST', `${url}/v1/approvals/${id}/approve`, {
		...{ json: { by: 'ada' }, headers },
	})
	if (status === 200) note({ kind: 'approve', approval: id, run: body.run_id, step: body.step_id })
	else if (status !== 202 && status !== 409 && status !== 503)
		throw new Error(`an approve was answered with ${status} ${JSON.stringify(body)}`)
}
