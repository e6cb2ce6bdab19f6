import { useMemo, useState } from 'react'
import type { RunRecord } from '../../../../protocol/run.ts'
import { useNow } from '../../live/now.ts'
import { Nothing } from '../../part/shown.tsx'
import { Status } from '../../part/status.tsx'
import { type Timeline, type TimelineRow, type Try, timelineOf } from '../../view/timeline.ts'
import { toneOf } from '../../view/tone.ts'

export interface RunTimelineProps {
	readonly run: RunRecord
	readonly tries: ReadonlyMap<string, readonly Try[]>
	readonly waiting: ReadonlySet<string>
	readonly step: string | undefined
	readonly onStep: (stepId: string) => void
}

const ROWS_AT_FIRST = 200

/** Steps and their attempts over time, one line each. */
export function RunTimeline({ run, tries, waiting, step, onStep }: RunTimelineProps) {
	const now = useNow()
	const [shown, setShown] = useState(ROWS_AT_FIRST)
	const isOpen = run.step_entries.some(({ status }) => status === null)
	const until = isOpen ? now : 0
	const timeline = useMemo(() => timelineOf(run.step_entries, tries, waiting, until), [run.step_entries, tries, waiting, until])
	if (timeline.rows.length === 0) return <Nothing title="No step began yet." />
	return (
		<section className="timeline" aria-label="Timeline">
			<Scale ticks={timeline.ticks} />
			<ol>
				{timeline.rows.slice(0, shown).map((row) => (
					<Line key={row.stepId} row={row} isOpen={row.stepId === step} onStep={onStep} />
				))}
			</ol>
			{timeline.rows.length > shown && (
				<button type="button" className="quiet" onClick={() => setShown(shown * 2)}>
					Show more of {timeline.rows.length} steps
				</button>
			)}
		</section>
	)
}

function Scale({ ticks }: Pick<Timeline, 'ticks'>) {
	return (
		<div className="scale" aria-hidden="true">
			{ticks.map(({ at, text }) => (
				<span key={text} style={{ left: `${at * 100}%` }}>
					{text}
				</span>
			))}
		</div>
	)
}

interface LineProps {
	readonly row: TimelineRow
	readonly isOpen: boolean
	readonly onStep: (stepId: string) => void
}

function Line({ row, isOpen, onStep }: LineProps) {
	const { stepId, title, position, word, took, bars } = row
	return (
		<li>
			<button type="button" className="line" aria-pressed={isOpen} onClick={() => onStep(stepId)}>
				<span className="line-name">
					<span className="line-title">{title}</span>
					<span className="hint id">{position}</span>
				</span>
				<span className="line-word">
					<Status word={word} />
					<span className="number hint">{took}</span>
				</span>
				<span className="track">
					{bars.map((bar) => (
						<span
							key={bar.title}
							className="bar"
							data-tone={toneOf(bar.word)}
							title={bar.title}
							style={{ left: `${bar.from * 100}%`, width: `${Math.max(0, bar.to - bar.from) * 100}%` }}
						/>
					))}
				</span>
			</button>
		</li>
	)
}
