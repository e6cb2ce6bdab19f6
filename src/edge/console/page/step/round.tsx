import type { RunRecord } from '../../../../protocol/run.ts'
import { To } from '../../part/to.tsx'
import { roundOf } from '../../view/round.ts'

/** Leads to the other rounds and lanes of a step that was dispatched more than once. */
export function StepRound({ stepId, run, view }: { readonly stepId: string; readonly run: RunRecord; readonly view: string | undefined }) {
	const round = roundOf(stepId, run.step_entries)
	if (round === null) return null
	const { n, of, previous, next } = round
	return (
		<nav className="round" aria-label="Rounds of this step">
			{previous !== null && (
				<To to={['runs', run.id]} query={{ view, step: previous }}>
					‹ Before
				</To>
			)}
			<span className="number hint">
				{n} of {of}
			</span>
			{next !== null && (
				<To to={['runs', run.id]} query={{ view, step: next }}>
					Next ›
				</To>
			)}
		</nav>
	)
}
