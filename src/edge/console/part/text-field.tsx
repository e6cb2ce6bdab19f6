import { type ReactNode, useId } from 'react'

export interface TextProps {
	readonly label: string
	readonly value: string
	readonly rows?: number
	readonly fault?: string | undefined
	readonly onChange: (value: string) => void
	readonly children: ReactNode
}

/** Several lines of code. */
export function Area({ label, value, rows = 5, fault, onChange, children }: TextProps) {
	const id = useId()
	return (
		<div className="field">
			<label htmlFor={id}>{label}</label>
			<textarea
				id={id}
				className="code"
				rows={rows}
				spellCheck={false}
				aria-invalid={fault !== undefined}
				aria-describedby={`${id}-about`}
				value={value}
				onChange={(event) => onChange(event.target.value)}
			/>
			<p className={fault === undefined ? 'hint' : 'fault'} id={`${id}-about`}>
				{fault ?? children}
			</p>
		</div>
	)
}

/** One line of text. */
export function Line({ label, value, onChange, children }: TextProps) {
	const id = useId()
	return (
		<div className="field">
			<label htmlFor={id}>{label}</label>
			<input id={id} type="text" aria-describedby={`${id}-about`} value={value} onChange={(event) => onChange(event.target.value)} />
			<p className="hint" id={`${id}-about`}>
				{children}
			</p>
		</div>
	)
}
