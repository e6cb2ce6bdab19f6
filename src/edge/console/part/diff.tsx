import { type DiffLine, diffLines } from '../view/diff.ts'

const SIGNS: { readonly [K in DiffLine['kind']]: string } = { added: 'added', removed: 'removed', place: '', same: '' }

/** What would change, line by line. */
export function Diff({ diff, label }: { readonly diff: unknown; readonly label: string }) {
	const lines = diffLines(diff)
	if (lines.length === 0) return null
	return (
		// biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
		<section className="text-box" tabIndex={0} aria-label={label}>
			<pre className="diff">
				{lines.map(({ kind, text }, at) => (
					<span key={`${at} ${text}`} data-kind={kind} title={SIGNS[kind] || undefined}>
						{text}
						{'\n'}
					</span>
				))}
			</pre>
		</section>
	)
}
