import { useEffect, useRef } from 'react'
import type { Event } from '../../../../protocol/event.ts'
import type { RunRecord } from '../../../../protocol/run.ts'
import type { StepDetail } from '../../../../protocol/step.ts'
import { pathId } from '../../../client/client.ts'
import { useQuery } from '../../live/query.ts'
import { Facts } from '../../part/facts.tsx'
import { Json as JsonText, LongText } from '../../part/json.tsx'
import { Shown } from '../../part/shown.tsx'
import { Status } from '../../part/status.tsx'
import { Age, When } from '../../part/time.tsx'
import { Id } from '../../part/to.tsx'
import { go } from '../../route.ts'
import { durationText } from '../../view/duration.ts'
import { outputParts } from '../../view/output.ts'
import { hintOf } from '../../view/run.ts'
import { StepActions } from './actions.tsx'
import { StepRound } from './round.tsx'
import { Said } from './said.tsx'
import { StepTries } from './tries.tsx'

export interface StepPaneProps {
	readonly id: string
	/** Its run, as far as it is known. */
	readonly run: RunRecord | undefined
	/** Of its run. */
	readonly events: readonly Event[]
	/** How the run is looked at. */
	readonly view: string | undefined
	/** Where closing leads, and Escape. */
	readonly close: string
}

/** One step: what went in, what came out, how often it was tried, and what can be done. */
export function StepPane({ id, run, events, view, close }: StepPaneProps) {
	useEscape(close)
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
						{run && <StepRound stepId={id} run={run} view={view} />}
						<StepActions step={step} run={run} onDone={query.refresh} />
						<StepBody step={step} events={events} />
					</>
				)}
			</Shown>
		</article>
	)
}

/** Escape goes there, unless a dialog is open, which it closes. */
function useEscape(href: string): void {
	useEffect(() => {
		const leave = ({ key }: KeyboardEvent): void => {
			if (key === 'Escape' && document.querySelector('dialog[open]') === null) go(href)
		}
		document.addEventListener('keydown', leave)
		return () => document.removeEventListener('keydown', leave)
	}, [href])
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
