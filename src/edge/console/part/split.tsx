import type { ReactNode } from 'react'

export interface SplitProps {
	/** What the list is of. */
	readonly label: string
	readonly children: ReactNode
	/** The one thing of the list that is looked at. */
	readonly open?: { readonly label: string; readonly pane: ReactNode } | undefined
}

/** A list, and beside it the one thing of it that is looked at; on narrow screens that one alone. */
export function Split({ label, children, open }: SplitProps) {
	return (
		<div className="split" data-open={open !== undefined || undefined}>
			<section className="split-list" aria-label={label}>
				{children}
			</section>
			{open !== undefined && (
				<section className="split-detail" aria-label={open.label}>
					{open.pane}
				</section>
			)}
		</div>
	)
}
