interface FormActionsProps {
	/** What the form does. */
	readonly yes: string
	/** Not now, or not yet. */
	readonly disabled: boolean
	readonly onLeave: () => void
}

/** The end of a form that makes something. */
export function FormActions({ yes, disabled, onLeave }: FormActionsProps) {
	return (
		<div className="actions">
			<button type="submit" className="primary" disabled={disabled}>
				{yes}
			</button>
			<button type="button" onClick={onLeave}>
				Leave it
			</button>
		</div>
	)
}
