import { type ReactNode, useEffect, useRef } from 'react'

export interface PageHeadProps {
	readonly title: string
	/** Said by the side of the title: a status, a count. */
	readonly beside?: ReactNode
	/** Buttons. */
	readonly children?: ReactNode
	readonly about?: string
}

/** Begins each page. Names the tab, and takes the focus when somebody came here by a link, so that a screen reader says where they are. */
export function PageHead({ title, beside, children, about }: PageHeadProps) {
	const heading = useRef<HTMLHeadingElement>(null)
	useEffect(() => {
		document.title = `${title} · mse-server`
		if (document.activeElement === document.body || document.activeElement?.closest('nav')) heading.current?.focus({ preventScroll: true })
	}, [title])
	return (
		<header className="page-head">
			<div className="page-title">
				<h1 ref={heading} tabIndex={-1}>
					{title}
				</h1>
				{beside}
			</div>
			{children !== undefined && <div className="actions">{children}</div>}
			{about !== undefined && <p className="about">{about}</p>}
		</header>
	)
}
