import { type FormEvent, type ReactNode, useId, useState } from 'react'
import type { Action } from '../live/query.ts'
import { Failure } from './shown.tsx'

export interface LineFormProps {
	readonly label: string
	readonly button: string
	readonly hint?: ReactNode
	readonly acting: Action<string>
	/** Called with the text once it was taken. */
	readonly onDone: (text: string) => void
	/** Taken as it is, even when there is nothing in it. */
	readonly mayBeEmpty?: boolean
	/** Nobody who looks on is to read it. */
	readonly isSecret?: boolean
	/** Not what people come for. */
	readonly isCalm?: boolean
}

/** One line of text and what is done with it. */
export function LineForm({ label, button, hint, acting, onDone, mayBeEmpty = false, isSecret = false, isCalm = false }: LineFormProps) {
	const id = useId()
	const [text, setText] = useState('')
	const submit = async (event: FormEvent): Promise<void> => {
		event.preventDefault()
		if (!(await acting.start(text.trim()))) return
		setText('')
		onDone(text.trim())
	}
	return (
		<form className="line-form" onSubmit={submit}>
			<div className="field">
				<label htmlFor={id}>{label}</label>
				<input
					id={id}
					type={isSecret ? 'password' : 'text'}
					autoComplete="off"
					spellCheck={false}
					value={text}
					onChange={(event) => setText(event.target.value)}
				/>
			</div>
			<button type="submit" className={isCalm ? undefined : 'primary'} disabled={acting.isBusy || (!mayBeEmpty && text.trim() === '')}>
				{button}
			</button>
			{hint !== undefined && <p className="hint">{hint}</p>}
			<Failure error={acting.error} />
		</form>
	)
}
