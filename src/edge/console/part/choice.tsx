export interface ChoiceProps {
	/** What is chosen, for screen readers. */
	readonly label: string
	readonly options: readonly (readonly [value: string, text: string])[]
	readonly value: string
	readonly onChange: (value: string) => void
}

/** One of a few, side by side. */
export function Choice({ label, options, value, onChange }: ChoiceProps) {
	return (
		<fieldset className="choice">
			<legend className="unseen">{label}</legend>
			{options.map(([key, text]) => (
				<button key={key} type="button" aria-pressed={key === value} onClick={() => onChange(key)}>
					{text}
				</button>
			))}
		</fieldset>
	)
}
