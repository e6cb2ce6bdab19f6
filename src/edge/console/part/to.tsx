import type { ReactNode } from 'react'
import { hrefOf } from '../view/address.ts'

export interface ToProps {
	/** The place: `['runs', 'R-1']`. */
	readonly to: readonly string[]
	readonly query?: { readonly [key: string]: string | undefined }
	readonly className?: string
	/** Whether it leads to where one is. */
	readonly isHere?: boolean
	readonly children: ReactNode
}

/** A link inside the console. */
export function To({ to, query, className, isHere, children }: ToProps) {
	return (
		<a href={hrefOf(to, query)} className={className} aria-current={isHere ? 'page' : undefined}>
			{children}
		</a>
	)
}

/** An id as people read it: whole when copied, in type of one width. */
export function Id({ id, to }: { readonly id: string; readonly to?: readonly string[] }) {
	if (to === undefined) return <code className="id">{id}</code>
	return (
		<To to={to} className="id">
			{id}
		</To>
	)
}
