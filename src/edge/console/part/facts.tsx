import type { ReactNode } from 'react'

/** Names with what they stand for; those whose value is null, undefined or empty are left out. */
export function Facts({ facts }: { readonly facts: readonly (readonly [name: string, value: ReactNode])[] }) {
	const given = facts.filter(([, value]) => value !== null && value !== undefined && value !== '' && value !== false)
	return (
		<dl className="facts">
			{given.map(([name, value]) => (
				<div key={name}>
					<dt>{name}</dt>
					<dd>{value}</dd>
				</div>
			))}
		</dl>
	)
}
