import { useLayoutEffect, useRef } from 'react'
import { plainText } from '../view/log.ts'

/** So near to the end counts as there. */
const NEAR_PX = 24

/** Lines of which the newest are the last: stays at the end while somebody reads there, and where they are otherwise. */
export function LogText({ text, label }: { readonly text: string; readonly label: string }) {
	const box = useRef<HTMLElement>(null)
	const isAtEnd = useRef(true)
	useLayoutEffect(() => {
		if (text !== '' && isAtEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight
	}, [text])
	const look = (): void => {
		const { scrollHeight = 0, scrollTop = 0, clientHeight = 0 } = box.current ?? {}
		isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_PX
	}
	if (text === '') return <p className="hint">Nothing yet.</p>
	return (
		// biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
		<section ref={box} className="text-box tail" tabIndex={0} aria-label={label} onScroll={look}>
			<pre>{plainText(text)}</pre>
		</section>
	)
}
