import type { StepSaid } from '../../../../protocol/step.ts'
import { Json } from '../../part/json.tsx'
import { When } from '../../part/time.tsx'

/** What the worker of a step said on the way: progress, partial text, artifacts, what it put down for others. */
export function Said({ said, total }: { readonly said: readonly StepSaid[]; readonly total: number }) {
	if (said.length === 0) return null
	return (
		<details>
			<summary>
				What its worker said <span className="number">({total})</span>
			</summary>
			<ol className="said">
				{said.map((one) => (
					<li key={one.id}>
						<p className="hint">
							{titleOf(one)} <When at={one.at} />
						</p>
						<Body event={one.event} />
					</li>
				))}
			</ol>
		</details>
	)
}

function titleOf({ plane, producer, event }: StepSaid): string {
	if (plane === 'data') return `put down as ${producer}`
	if (event.type === 'artifact') return `part ${event.name}`
	return event.type === 'final' && !event.ok ? 'final, not ok' : event.type
}

function Body({ event }: Pick<StepSaid, 'event'>) {
	switch (event.type) {
		case 'progress':
			return (
				<p>
					{event.stage}
					{event.note != null && `: ${event.note}`}
				</p>
			)
		case 'partial':
			return <Json value={event.chunk} label="Partial text" />
		default:
			return <Json value={event.content.kind === 'inline' ? event.content.value : event.content} label={event.type} />
	}
}
