import { type ReactNode, useEffect, useRef } from 'react'

export interface SplitProps {
	/** What the list is of. */
	readonly label: string
	readonly children: ReactNode
	/** The one thing of the list that is looked at; empty text is none. */
	readonly open?: { readonly label: string; readonly pane: ReactNode } | '' | undefined
}

/** A list, and beside it the one thing of it that is looked at; on narrow screens that one alone, and the focus goes along. */
export function Split({ label, children, open }: SplitProps) {
	const list = useRef<HTMLElement>(null)
	const pane = useRef<HTMLElement>(null)
	const shown = open ? open.label : null
	const before = useRef(shown)
	useEffect(() => {
		if (before.current === shown) return
		before.current = shown
		// What had the focus is not on the screen any more.
		if (shown !== null && list.current?.offsetParent === null) pane.current?.focus()
		if (shown === null && document.activeElement === document.body) list.current?.querySelector('h1')?.focus()
	}, [shown])
	return (
		<div className="split" data-open={open ? true : undefined}>
			<section ref={list} className="split-list" aria-label={label}>
				{children}
			</section>
			{open && (
				<section ref={pane} className="split-detail" tabIndex={-1} aria-label={open.label}>
					{open.pane}
				</section>
			)}
		</div>
	)
}
