export interface PageSizeHintProps {
	readonly isFull: boolean
	readonly count: number
	readonly what: string
}

/** Says that there is more than what is shown. */
export function PageSizeHint({ isFull, count, what }: PageSizeHintProps) {
	if (!isFull) return null
	return (
		<p className="hint after-list">
			The newest {count} {what} are shown.
		</p>
	)
}
