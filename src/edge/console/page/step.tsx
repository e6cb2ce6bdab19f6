import { useEffect, useRef, useState } from 'react'
import { type Json, parseJson } from '../../../kernel/json.ts'
import type { Event } from '../../../protocol/event.ts'
import type { RunRecord } from '../../../protocol/run.ts'
import type { StepDetail } from '../../../protocol/step.ts'
import { pathId } from '../../client/client.ts'
import { useAction, useQuery } from '../live/query.ts'
import { Confirm } from '../part/confirm.tsx'
import { Facts } from '../part/facts.tsx'
import { Json as JsonText, LongText } from '../part/json.tsx'
import { Failure, Shown } from '../part/shown.tsx'
import { Status } from '../part/status.tsx'
import { Age, When } from '../part/time.tsx'
import { Id } from '../part/to.tsx'
import { go } from '../route.ts'
import { hrefOf } from '../view/address.ts'
import { durationText } from '../view/duration.ts'
import { outputParts } from '../view/output.ts'
import { hintOf } from '../view/run.ts'
import { Said } from './step-said.tsx'
import { StepTries } from './step-tries.tsx'

export interface StepPaneProps {
	readonly id: string
	/** Its run, as far as it is known. */
	readonly run: RunRecord | undefined
	/** Of its run. */
	readonly events: readonly Event[]
	/** Where closing leads. */
	readonly close: string
}

/** One step: what went in, what came out, how often it was tried, and what can be done. */
export function StepPane({ id, run, events, close }: StepPaneProps) {
	const query = useQuery(
		`step/${id}`,
		(client) => client.answer(client.v1.steps(pathId(id)).get({ query: {} })),
		(event) => event.step_id === id,
	)
	return (
		<article className="detail">
			{query.data === undefined && <Close href={close} />}
			<Shown query={query}>
				{(step) => (
					<>
						<StepHead step={step} close={close} />
						<StepActions step={step} run={run} onDone={query.refresh} />
						<StepBody step={step} events={events} />
					</>
				)}
			</Shown>
		</article>
	)
}

function StepHead({ step, close }: { readonly step: StepDetail; readonly close: string }) {
	const { step_id, step_ref, status, position, started_at, ended_at, attempt, stats, error } = step
	const hint = hintOf(error?.code ?? null)
	const heading = useRef<HTMLHeadingElement>(null)
	useEffect(() => heading.current?.focus({ preventScroll: true }), [])
	return (
		<>
			<header className="detail-head">
				<h2 ref={heading} tabIndex={-1}>
					{step_ref}
				</h2>
				<span className="detail-marks">
					<Status word={status} />
					<Close href={close} />
				</span>
			</header>
			{error !== null && (
				<div className="failure">
					<p>{error.message}</p>
					<p className="hint">
						<code>{error.code}</code> {hint}
					</p>
				</div>
			)}
			<Facts
				facts={[
					['Step', <Id id={step_id} />],
					['Position', <code className="id">{position}</code>],
					['Began', <When at={started_at} />],
					ended_at === null
						? ['Goes on for', <Age at={started_at} />]
						: ['Took', <span className="number">{durationText(ended_at - started_at)}</span>],
					['Attempts', attempt > 1 && <span className="number">{attempt}</span>],
					['Model', stats?.model],
					['Tokens', tokensText(stats)],
				]}
			/>
		</>
	)
}

const Close = ({ href }: { readonly href: string }) => (
	<a className="close" href={href} aria-label="Close" title="Close">
		×
	</a>
)

function tokensText(stats: StepDetail['stats']): string {
	const { input_tokens, output_tokens } = stats?.usage ?? {}
	if (input_tokens === undefined && output_tokens === undefined) return ''
	return `${(input_tokens ?? 0).toLocaleString()} in, ${(output_tokens ?? 0).toLocaleString()} out`
}

function StepBody({ step, events }: { readonly step: StepDetail; readonly events: readonly Event[] }) {
	const { input, system, output, said, said_total, step_id } = step
	const parts = outputParts(output)
	return (
		<>
			{parts.map(({ name, value }) => (
				<section key={name}>
					<h3>{name}</h3>
					<JsonText value={value} label={name} />
				</section>
			))}
			{input !== null && (
				<section>
					<h3>Input</h3>
					<JsonText value={input} label="Input" />
				</section>
			)}
			{system !== null && (
				<details>
					<summary>System prompt</summary>
					<LongText text={system} label="System prompt" />
				</details>
			)}
			<StepTries stepId={step_id} events={events} />
			<Said said={said} total={said_total} />
		</>
	)
}

interface Rerun {
	readonly as: 'in_place' | 'new_run'
	readonly input: string
}

interface StepActionsProps {
	readonly step: StepDetail
	readonly run: RunRecord | undefined
	readonly onDone: () => void
}

function StepActions({ step, run, onDone }: StepActionsProps) {
	const [rerun, setRerun] = useState<Rerun>({ as: 'in_place', input: '' })
	const cancelling = useAction(async (client) => {
		await client.answer(client.v1.steps(pathId(step.step_id)).cancel.post())
		onDone()
	})
	const rerunning = useAction(async (client) => {
		const given = readInput(rerun.input)
		const body = { from_step: step.step_id, as: rerun.as, ...(given !== undefined && { input: given }) }
		const { run_id } = await client.answer(client.v1.runs(pathId(step.run_id))['rerun-from'].post(body))
		go(hrefOf(['runs', run_id]))
	})
	const canRerun = run !== undefined && run.status !== 'running' && run.status !== 'pending'
	return (
		<div className="actions">
			{step.status === 'running' && (
				<Confirm
					label="Cancel this step"
					title="Cancel this step?"
					yes="Cancel the step"
					tone="danger"
					onYes={() => void cancelling.start()}
				>
					<p>It fails with code cancelled, which the flow can catch; the run goes on.</p>
				</Confirm>
			)}
			{canRerun && (
				<Confirm
					label="Rerun from here"
					title="Rerun from here?"
					yes="Rerun"
					isBusy={rerunning.isBusy}
					onYes={() => void rerunning.start()}
				>
					<RerunFields rerun={rerun} onChange={setRerun} />
				</Confirm>
			)}
			<Failure error={cancelling.error ?? rerunning.error} />
		</div>
	)
}

/** What is no JSON is a text. */
function readInput(text: string): Json | undefined {
	return text.trim() === '' ? undefined : (parseJson(text) ?? text)
}

function RerunFields({ rerun, onChange }: { readonly rerun: Rerun; readonly onChange: (rerun: Rerun) => void }) {
	return (
		<>
			<p>This step and all after it are done again; what came before is kept.</p>
			<label className="field">
				<span>Where</span>
				<select
					value={rerun.as}
					onChange={(event) => onChange({ ...rerun, as: event.target.value === 'new_run' ? 'new_run' : 'in_place' })}
				>
					<option value="in_place">In this run, as its next generation</option>
					<option value="new_run">In a new run</option>
				</select>
			</label>
			<label className="field">
				<span>Another input for it, if you like</span>
				<textarea className="code" rows={4} value={rerun.input} onChange={(event) => onChange({ ...rerun, input: event.target.value })} />
			</label>
		</>
	)
}
