import { useState } from 'react'

/** Characters that are shown before somebody asks for the rest. */
const SHOWN_CHARS = 20_000

/** A value as text, and nothing but text: JSON is indented, a string stays as it is. */
export function Json({ value, label }: { readonly value: unknown; readonly label: string }) {
	const text = typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? '')
	return <LongText text={text} label={label} />
}

/** Text of any length in a box that scrolls. */
export function LongText({ text, label }: { readonly text: string; readonly label: string }) {
	const [isWhole, setWhole] = useState(false)
	const isCut = !isWhole && text.length > SHOWN_CHARS
	return (
		<>
			{/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard */}
			<section className="text-box" tabIndex={0} aria-label={label}>
				<pre>{isCut ? text.slice(0, SHOWN_CHARS) : text}</pre>
			</section>
			{isCut && (
				<button type="button" className="quiet" onClick={() => setWhole(true)}>
					Show all {text.length.toLocaleString()} characters
				</button>
			)}
		</>
	)
}
