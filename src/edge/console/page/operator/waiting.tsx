import type { ReactNode } from 'react'
import type { ApprovalSummary } from '../../../../protocol/approval.ts'
import type { GetIssueResponse } from '../../../../protocol/enhance.ts'
import type { Event } from '../../../../protocol/event.ts'
import type { Status as ServerStatus } from '../../../../protocol/health.ts'
import type { OpenRequestRecord } from '../../../../protocol/open-request.ts'
import type { RunRecord } from '../../../../protocol/run.ts'
import type { MseClient } from '../../../client/client.ts'
import { useAction, useQuery } from '../../live/query.ts'
import { PageHead } from '../../part/page-head.tsx'
import { Failure, Nothing, Shown } from '../../part/shown.tsx'
import { Status } from '../../part/status.tsx'
import { Age, Deadline } from '../../part/time.tsx'
import { Id, To } from '../../part/to.tsx'
import { approvalTitle, timeoutText } from '../../view/approval.ts'
import { stuckRuns } from '../../view/waiting.ts'
import { RequestLine } from './waiting-request.tsx'

const MOST = 200

/** What is being waited for, read at once. */
interface Waits {
	readonly approvals: readonly ApprovalSummary[]
	readonly requests: readonly OpenRequestRecord[]
	readonly requestTotal: number
	readonly runs: readonly RunRecord[]
	readonly issues: readonly GetIssueResponse[]
	readonly paused: ServerStatus['paused']
}

async function readWaits({ answer, v1 }: MseClient): Promise<Waits> {
	const [approvals, requests, running, interrupted, issues, status] = await Promise.all([
		answer(v1.approvals.get({ query: { status: 'pending', limit: MOST } })),
		answer(v1.requests.get({ query: { limit: MOST } })),
		answer(v1.runs.get({ query: { status: 'running', limit: MOST } })),
		answer(v1.runs.get({ query: { status: 'interrupted', limit: MOST } })),
		answer(v1.issues.get({ query: { status: 'in_flight', limit: MOST } })),
		answer(v1.status.get()),
	])
	return {
		...{ approvals: approvals.approvals, requests: requests.requests, requestTotal: requests.total },
		...{
			runs: stuckRuns([...interrupted.runs, ...running.runs], status.paused !== undefined),
			issues: issues.issues,
			paused: status.paused,
		},
	}
}

const KINDS = /^(approval|request|run|session|seat|issue)\.|^server\.(paused|resumed)$/
const touchesWaits = ({ kind }: Event): boolean => KINDS.test(kind)

/** Everything that waits, for whom, since when and until when. */
export function WaitingPage() {
	const query = useQuery('waiting', readWaits, touchesWaits)
	return (
		<>
			<PageHead title="Waiting" about="Everything that goes on only when somebody comes: who, since when, and until when." />
			<Shown query={query}>{(waits) => <Sections waits={waits} onDone={query.refresh} />}</Shown>
		</>
	)
}

function Sections({ waits, onDone }: { readonly waits: Waits; readonly onDone: () => void }) {
	const { approvals, requests, requestTotal, runs, issues, paused } = waits
	const isQuiet = approvals.length + requests.length + runs.length + issues.length === 0 && !paused
	if (isQuiet) return <Nothing title="Nothing waits.">Approvals, operators' requests, stopped runs and issues at work appear here.</Nothing>
	return (
		<div className="sections">
			{paused && <Paused paused={paused} onDone={onDone} />}
			<Section title="Approvals" count={approvals.length}>
				{approvals.map((approval) => (
					<ApprovalLine key={approval.id} approval={approval} />
				))}
			</Section>
			<Section title="Operators' requests" count={requestTotal}>
				{requests.map((request) => (
					<RequestLine key={request.req_id} request={request} onDone={onDone} />
				))}
			</Section>
			<Section title="Stopped runs" count={runs.length}>
				{runs.map((run) => (
					<RunLine key={run.id} run={run} />
				))}
			</Section>
			<Section title="Issues at work" count={issues.length}>
				{issues.map((issue) => (
					<IssueLine key={issue.issue_id} issue={issue} />
				))}
			</Section>
		</div>
	)
}

function Section({ title, count, children }: { readonly title: string; readonly count: number; readonly children: ReactNode }) {
	if (count === 0) return null
	return (
		<section className="waits" aria-label={title}>
			<h2>
				{title} <span className="number hint">{count}</span>
			</h2>
			<ul>{children}</ul>
		</section>
	)
}

/** While no step of any run begins: since when, why, and the way back. */
export function Paused({ paused, onDone }: { readonly paused: NonNullable<ServerStatus['paused']>; readonly onDone: () => void }) {
	const resuming = useAction(async (client) => {
		await client.answer(client.v1.server.resume.post())
		onDone()
	})
	return (
		<div className="note with-action" data-tone="warns">
			<p>
				<strong>The server is paused</strong> for <Age at={paused.since} />: no step of any run begins. {paused.reason}
			</p>
			<button type="button" disabled={resuming.isBusy} onClick={() => void resuming.start()}>
				Resume the server
			</button>
			<Failure error={resuming.error} />
		</div>
	)
}

function ApprovalLine({ approval }: { readonly approval: ApprovalSummary }) {
	const { id, requester, approvers, requested_at, deadline_at, run_id } = approval
	return (
		<li>
			<span className="wait-what">
				<To to={['approvals', String(id)]}>{approvalTitle(approval)}</To>
				<span className="hint">
					asked by {requester}
					{run_id !== null && run_id !== requester && (
						<>
							{' '}
							in <Id id={run_id} to={['runs', run_id]} />
						</>
					)}
				</span>
			</span>
			<span className="wait-who">{approvers.length === 0 ? 'anybody' : approvers.join(', ')}</span>
			<span className="wait-when">
				<Age at={requested_at} />
				{deadline_at !== null && (
					<span title={timeoutText(approval)}>
						<Deadline at={deadline_at} />
					</span>
				)}
			</span>
			<To to={['approvals', String(id)]} className="button">
				Answer
			</To>
		</li>
	)
}

function RunLine({ run }: { readonly run: RunRecord }) {
	return (
		<li>
			<span className="wait-what">
				<To to={['runs', run.id]}>{run.blueprint_id ?? 'Inline Blueprint'}</To>
				<Id id={run.id} />
			</span>
			<span className="wait-who">
				<Status word={run.phase ?? run.status} />
			</span>
			<span className="wait-when">
				<Age at={run.updated_at * 1000} />
			</span>
			<To to={['runs', run.id]} className="button">
				Open
			</To>
		</li>
	)
}

function IssueLine({ issue }: { readonly issue: GetIssueResponse }) {
	const { blueprint_id, intent, run_id, attempt, interrupted } = issue
	return (
		<li>
			<span className="wait-what">
				<span>{intent}</span>
				<span className="hint">for Blueprint {blueprint_id}</span>
			</span>
			<span className="wait-who">{interrupted === undefined ? attempt > 1 && `attempt ${attempt}` : <Status word="interrupted" />}</span>
			<span className="wait-when" />
			{run_id !== null && (
				<To to={['runs', run_id]} className="button">
					Its run
				</To>
			)}
		</li>
	)
}
