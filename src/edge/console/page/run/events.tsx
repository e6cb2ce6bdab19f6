import { useState } from 'react'
import type { Event } from '../../../../protocol/event.ts'
import { Nothing } from '../../part/shown.tsx'
import { shortJson } from '../../view/event.ts'

const AT_FIRST = 200

/** What happened in a run, the newest first. */
export function RunEvents({ events, onStep }: { readonly events: readonly Event[]; readonly onStep: (stepId: string) => void }) {
	const [shown, setShown] = useState(AT_FIRST)
	if (events.length === 0) return <Nothing title="The log has nothing of this run any more." />
	const newest = events.slice(-shown).reverse()
	return (
		<section className="log" aria-label="Events">
			<ol>
				{newest.map((event) => (
					<Line key={event.seq} event={event} onStep={onStep} />
				))}
			</ol>
			{events.length > shown && (
				<button type="button" className="quiet" onClick={() => setShown(shown * 2)}>
					Show older ones
				</button>
			)}
		</section>
	)
}

function Line({ event, onStep }: { readonly event: Event; readonly onStep: (stepId: string) => void }) {
	const { at, kind, step_id, data } = event
	const { ref, agent, attempt, status, ...rest } = data
	const about = [ref ?? agent, attempt !== undefined && `attempt ${attempt}`, status].filter((part) => typeof part === 'string')
	return (
		<li>
			<time className="number hint" dateTime={new Date(at).toISOString()}>
				{new Date(at).toLocaleTimeString(undefined, { hour12: false })}.{String(at % 1000).padStart(3, '0')}
			</time>
			<span className="log-kind">{kind}</span>
			<span className="log-about">
				{step_id === undefined ? (
					about.join(', ')
				) : (
					<button type="button" className="link" onClick={() => onStep(step_id)}>
						{about.join(', ') || step_id}
					</button>
				)}
				{Object.keys(rest).length > 0 && <code className="hint">{shortJson(rest)}</code>}
			</span>
		</li>
	)
}
