import { useId } from 'react'
import type { Field } from '../view/form.ts'

export interface FormFieldProps {
	readonly field: Field
	readonly value: string | boolean
	readonly fault: string | undefined
	readonly onChange: (value: string | boolean) => void
}

/** One field of a form made from a JSON Schema, with its label, what it is for and what is wrong with it. */
export function FormField({ field, value, fault, onChange }: FormFieldProps) {
	const id = useId()
	const { label, about, isRequired, kind } = field
	return (
		<div className={kind === 'flag' ? 'field flag' : 'field'}>
			<label htmlFor={id}>
				{label}
				{isRequired && kind !== 'flag' && <span className="required"> required</span>}
			</label>
			<Input id={id} field={field} value={value} fault={fault} onChange={onChange} />
			{about !== null && (
				<p className="hint" id={`${id}-about`}>
					{about}
				</p>
			)}
			{fault !== undefined && (
				<p className="fault" id={`${id}-fault`}>
					{fault}
				</p>
			)}
		</div>
	)
}

function Input({ id, field, value, fault, onChange }: FormFieldProps & { readonly id: string }) {
	const { kind, isRequired, about, choices } = field
	const described = [about !== null && `${id}-about`, fault !== undefined && `${id}-fault`].filter(Boolean).join(' ')
	const common = {
		...{ id, 'aria-invalid': fault !== undefined, 'aria-describedby': described || undefined },
		'aria-required': isRequired,
	}
	const text = typeof value === 'string' ? value : ''
	if (kind === 'flag')
		return <input {...common} type="checkbox" checked={value === true} onChange={(event) => onChange(event.target.checked)} />
	if (kind === 'choice')
		return (
			<select {...common} value={text} onChange={(event) => onChange(event.target.value)}>
				<option value="">Choose…</option>
				{choices.map((choice, at) => (
					<option key={choice.text} value={String(at)}>
						{choice.text}
					</option>
				))}
			</select>
		)
	if (kind === 'long_text' || kind === 'json')
		return (
			<textarea {...common} rows={4} spellCheck={kind === 'long_text'} value={text} onChange={(event) => onChange(event.target.value)} />
		)
	const mode = kind === 'text' ? 'text' : 'decimal'
	return <input {...common} type="text" inputMode={mode} value={text} onChange={(event) => onChange(event.target.value)} />
}
