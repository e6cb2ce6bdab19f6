import { useRef } from 'react'
import type { ApprovalRecord } from '../../../../protocol/approval.ts'
import { pathId } from '../../../client/client.ts'
import { useQuery } from '../../live/query.ts'
import { Back } from '../../part/back.tsx'
import { Diff } from '../../part/diff.tsx'
import { Facts } from '../../part/facts.tsx'
import { Json } from '../../part/json.tsx'
import { Shown } from '../../part/shown.tsx'
import { Status } from '../../part/status.tsx'
import { Age, Deadline, When } from '../../part/time.tsx'
import { To } from '../../part/to.tsx'
import { approvalTitle, outcomeOf, timeoutText } from '../../view/approval.ts'
import { diffLines } from '../../view/diff.ts'
import { AnswerForm } from './answer.tsx'

/** One approval: what it is about, and the answer. */
export function ApprovalPane({ id, back }: { readonly id: string; readonly back: string }) {
	const query = useQuery(
		`approval/${id}`,
		(client) => client.answer(client.v1.approvals(pathId(id)).get({ query: {} })),
		({ kind, data }) => kind.startsWith('approval.') && String(data.id ?? data.approval_id) === id,
	)
	return (
		<article className="detail">
			<Back href={back}>All approvals</Back>
			<Shown query={query}>{(approval) => <Approval approval={approval} onAnswered={query.refresh} />}</Shown>
		</article>
	)
}

function Approval({ approval, onAnswered }: { readonly approval: ApprovalRecord; readonly onAnswered: () => void }) {
	const heading = useRef<HTMLHeadingElement>(null)
	const isOpen = approval.status === 'pending' && !approval.applying
	const answered = (): void => {
		onAnswered()
		heading.current?.focus()
	}
	return (
		<>
			<header className="detail-head">
				<h2 ref={heading} tabIndex={-1}>
					{approvalTitle(approval)}
				</h2>
				<Status word={outcomeOf(approval)} />
			</header>
			<ApprovalFacts approval={approval} />
			<AskedFor approval={approval} />
			{isOpen ? <AnswerForm approval={approval} onAnswered={answered} /> : <Answered approval={approval} />}
		</>
	)
}

function ApprovalFacts({ approval }: { readonly approval: ApprovalRecord }) {
	const { id, requester, requested_at, deadline_at, resolved_at, grants, required, approvers, run_id, step_id, position } = approval
	return (
		<Facts
			facts={[
				['Approval', <span className="number">#{id}</span>],
				['Asked by', requester],
				['Asked', <When at={requested_at} />],
				['Waits for', resolved_at === null && <Age at={requested_at} />],
				[
					'Deadline',
					resolved_at === null && deadline_at !== null && (
						<>
							<Deadline at={deadline_at} />, {timeoutText(approval)}
						</>
					),
				],
				['Grants', required > 1 && `${grants.length} of ${required}${grants.map(({ by }) => `, ${by}`).join('')}`],
				['Who may answer', approvers.join(', ')],
				['Run', run_id !== null && <StepLink runId={run_id} stepId={step_id} />],
				['At', position],
			]}
		/>
	)
}

function StepLink({ runId, stepId }: { readonly runId: string; readonly stepId: string | null }) {
	return (
		<To to={['runs', runId]} query={{ step: stepId ?? undefined }} className="id">
			{runId}
		</To>
	)
}

function AskedFor({ approval: { payload, diff } }: { readonly approval: ApprovalRecord }) {
	const hasDiff = diffLines(diff).length > 0
	return (
		<>
			{hasDiff && (
				<section>
					<h3>What changes</h3>
					<Diff diff={diff} label="What changes" />
				</section>
			)}
			{payload !== null && payload !== undefined && (
				<details open={!hasDiff}>
					<summary>What is asked for</summary>
					<Json value={payload} label="What is asked for" />
				</details>
			)}
		</>
	)
}

/** How it ended; one that is being applied is not there yet. */
function Answered({ approval }: { readonly approval: ApprovalRecord }) {
	const { by, note, answer, resolved_at, applying } = approval
	if (applying) return <p role="status">It was granted, and is being done.</p>
	return (
		<section>
			<h3>How it ended</h3>
			<Facts
				facts={[
					['By', by],
					['At', resolved_at !== null && <When at={resolved_at} />],
					['Note', note],
				]}
			/>
			{answer !== null && answer !== undefined && <Json value={answer} label="Answer" />}
		</section>
	)
}
