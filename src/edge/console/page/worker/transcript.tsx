import { useEffect, useRef, useState } from 'react'
import type { TranscriptEntry } from '../../../../protocol/runtime-worker.ts'
import { type MseClient, pathId } from '../../../client/client.ts'
import { useChanges, useQuery } from '../../live/query.ts'
import { Shown } from '../../part/shown.tsx'
import { When } from '../../part/time.tsx'
import { type Happening, type Heard, hear, SILENCE, touchesWorker } from '../../view/worker.ts'

const PAGE = 50

/** What was said, the newest at the end, and what the worker is saying just now. `length` is how many lines there are. */
export function Transcript({ id, length }: { readonly id: string; readonly length: number }) {
	const [count, setCount] = useState(PAGE)
	const query = useQuery(`worker/${id}/transcript/${count}`, (client) => readNewest(client, id, count), touchesWorker(id))
	const heard = useHeard(id)
	return (
		<section>
			<h3>Transcript</h3>
			<Shown query={query}>
				{(lines) => (
					<>
						{length > lines.length && (
							<button type="button" className="quiet" onClick={() => setCount(count + PAGE)}>
								Earlier lines
							</button>
						)}
						<Lines lines={lines} saying={heard.saying} />
					</>
				)}
			</Shown>
			<Happenings happenings={heard.happenings} />
		</section>
	)
}

/** What happens while somebody watches; what was missed is in the transcript. */
function useHeard(id: string): Heard {
	const [heard, setHeard] = useState(SILENCE)
	useChanges((change) => {
		if (change === 'all') setHeard((before) => ({ ...before, saying: '' }))
		else if (change.worker === id) setHeard((before) => hear(before, change))
	})
	return heard
}

/** The last `count` lines; a server gives a page at once. */
async function readNewest(client: MseClient, id: string, count: number): Promise<readonly TranscriptEntry[]> {
	const { worker } = await client.answer(client.v1.workers(pathId(id)).get())
	const lines: TranscriptEntry[] = []
	for (let start: number | null = Math.max(0, worker.transcript_len - count); start !== null; ) {
		const { transcript } = await client.answer(client.v1.workers(pathId(id)).transcript.get({ query: { start } }))
		lines.push(...transcript.items)
		start = transcript.next_start
	}
	return lines
}

const ROLES: { readonly [R in TranscriptEntry['role']]: string } = { user: 'you', assistant: 'worker', system: 'system' }

function Lines({ lines, saying }: { readonly lines: readonly TranscriptEntry[]; readonly saying: string }) {
	const end = useRef<HTMLDivElement>(null)
	const newest = lines.at(-1)?.sequence
	// A new line, or more of the present one, is to be seen.
	useEffect(() => {
		end.current?.scrollIntoView({ block: 'nearest' })
	}, [newest, saying])
	if (lines.length === 0 && saying === '') return <p className="hint">Nothing was said yet.</p>
	return (
		// biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
		<section className="talk" tabIndex={0} aria-label="Transcript">
			<ol className="messages">
				{lines.map(({ sequence, role, content, attachments }) => (
					<li key={sequence} className="message" data-role={role}>
						<p className="message-head">
							<strong>{ROLES[role]}</strong>
						</p>
						<pre>{content}</pre>
						{attachments !== undefined && <p className="hint">with {attachments.join(', ')}</p>}
					</li>
				))}
				{saying !== '' && (
					<li className="message" data-role="assistant" aria-busy>
						<p className="message-head">
							<strong>{ROLES.assistant}</strong>
							<span className="hint">is saying</span>
						</p>
						<pre>{saying}</pre>
					</li>
				)}
			</ol>
			<div ref={end} />
		</section>
	)
}

function Happenings({ happenings }: { readonly happenings: readonly Happening[] }) {
	if (happenings.length === 0) return null
	return (
		<details className="after-list">
			<summary>What it did since you came ({happenings.length})</summary>
			<ul className="rows">
				{happenings.map(({ seq, at, name, text }) => (
					<li key={seq}>
						<span className="hint">
							<When at={at} />
						</span>
						<strong>{name.replaceAll('_', ' ')}</strong>
						<code className="grows">{text}</code>
					</li>
				))}
			</ul>
		</details>
	)
}
