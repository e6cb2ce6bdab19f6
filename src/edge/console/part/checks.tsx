import type { Check } from '../../../protocol/health.ts'
import { Status } from './status.tsx'

/** Capabilities as they were found, with how to get what is missing. */
export function Checks({ checks }: { readonly checks: readonly Check[] }) {
	return (
		<ul className="rows checks">
			{checks.map(({ name, status, detail, hint }) => (
				<li key={name}>
					<Status word={status} />
					<span className="grows">
						<strong>{name}</strong>
						<span className="check-detail">{detail}</span>
						{hint !== undefined && <span className="hint check-detail">{hint}</span>}
					</span>
				</li>
			))}
		</ul>
	)
}
