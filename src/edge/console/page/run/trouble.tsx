import type { OpenRequestRecord } from '../../../../protocol/open-request.ts'
import type { RunRecord } from '../../../../protocol/run.ts'
import { Age, Deadline } from '../../part/time.tsx'
import { To } from '../../part/to.tsx'
import { faultStep, hintOf, runFault } from '../../view/run.ts'
import { ownerText, requestTitle, requestWord } from '../../view/waiting.ts'

const MOST_SHOWN = 5

export interface RunTroubleProps {
	readonly run: RunRecord
	readonly requests: readonly OpenRequestRecord[]
}

/** What keeps a run waiting, and why it ended where it did not end well. */
export function RunTrouble({ run, requests }: RunTroubleProps) {
	const more = requests.length - MOST_SHOWN
	return (
		<>
			{(run.approvals ?? []).map(({ id, deadline_at, age_secs }) => (
				<p key={id} className="note" data-tone="waits">
					<To to={['approvals', String(id)]}>Approval {id}</To> waits for a yes for <Age at={Date.now() - age_secs * 1000} />
					{deadline_at !== null && (
						<>
							, <Deadline at={deadline_at} />
						</>
					)}
					.
				</p>
			))}
			{requests.slice(0, MOST_SHOWN).map((request) => (
				<RequestNote key={request.req_id} request={request} />
			))}
			{more > 0 && (
				<p className="hint">
					{more} more wait for operators. <To to={['waiting']}>See all that waits</To>
				</p>
			)}
			<Fault run={run} />
		</>
	)
}

function RequestNote({ request }: { readonly request: OpenRequestRecord }) {
	const word = requestWord(request)
	const isAtWork = word === 'delivered' || word === 'sent'
	return (
		<p className="note" data-tone={isAtWork ? 'busy' : 'waits'}>
			{requestTitle(request)} {isAtWork ? 'is with' : 'waits for'} <strong>{ownerText(request)}</strong> ({word}) for{' '}
			<Age at={request.created_at} />, <Deadline at={request.deadline_at} />.
		</p>
	)
}

function Fault({ run }: Pick<RunTroubleProps, 'run'>) {
	const fault = runFault(run)
	if (fault === null) return null
	const hint = hintOf(fault.code)
	const step = faultStep(fault, run.step_entries)
	return (
		<div className="failure">
			<p>{fault.message}</p>
			<p className="hint">
				{step !== null && (
					<>
						It was step{' '}
						<To to={['runs', run.id]} query={{ step }}>
							{fault.step}
						</To>
						.{' '}
					</>
				)}
				{hint}
			</p>
		</div>
	)
}
