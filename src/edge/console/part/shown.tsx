import type { ReactNode } from 'react'
import type { MseError } from '../../../kernel/error.ts'
import { isAway } from '../live/connection.ts'
import type { Query } from '../live/query.ts'

/** What the server has against it, as it says so, and what to do next. */
export function Failure({ error }: { readonly error: MseError | null }) {
	if (error === null) return null
	return (
		<div className="failure" role="alert">
			<p>{error.message}</p>
			{error.hint !== undefined && <p className="hint">{error.hint}</p>}
		</div>
	)
}

/** What a query found; before that, that it is on its way, and why not where it fails. What was found stays while the server is away. */
export function Shown<T>({ query, children }: { readonly query: Query<T>; readonly children: (data: T) => ReactNode }) {
	const { data, error } = query
	if (data === undefined && error === null) return <Loading />
	return (
		<>
			{(data === undefined || (error !== null && !isAway(error))) && <Failure error={error} />}
			{data !== undefined && children(data)}
		</>
	)
}

/** Stays out of sight for the moment that most answers take. */
export function Loading() {
	return (
		<p className="loading" role="status">
			Loading…
		</p>
	)
}

/** In place of a list with nothing in it. */
export function Nothing({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
	return (
		<div className="nothing">
			<p className="nothing-title">{title}</p>
			{children !== undefined && <p>{children}</p>}
		</div>
	)
}
