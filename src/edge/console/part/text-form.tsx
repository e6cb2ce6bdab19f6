import { type FormEvent, type KeyboardEvent, type ReactNode, useId, useState } from 'react'
import type { Action } from '../live/query.ts'
import { Failure } from './shown.tsx'

export interface TextFormProps {
	readonly label: string
	readonly button: string
	readonly sending: Action<string>
	/** Called once the text was taken. */
	readonly onSent?: () => void
	/** Longest text. */
	readonly most?: number
	/** Stands beside the button. */
	readonly children?: ReactNode
}

/** A text to send: the button, or Ctrl and Enter. It stays until the server has taken it. */
export function TextForm({ label, button, sending, onSent, most, children }: TextFormProps) {
	const id = useId()
	const [text, setText] = useState('')
	const send = async (): Promise<void> => {
		if (text.trim() === '' || !(await sending.start(text))) return
		setText('')
		onSent?.()
	}
	const submit = (event: FormEvent): void => {
		event.preventDefault()
		void send()
	}
	const onKey = (event: KeyboardEvent): void => {
		if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void send()
	}
	return (
		<form className="text-form" onSubmit={submit}>
			<div className="field">
				<label htmlFor={id}>{label}</label>
				<textarea id={id} rows={3} maxLength={most} value={text} onChange={(event) => setText(event.target.value)} onKeyDown={onKey} />
			</div>
			<Failure error={sending.error} />
			<div className="actions">
				<button type="submit" className="primary" disabled={sending.isBusy || text.trim() === ''}>
					{button}
				</button>
				{children}
			</div>
		</form>
	)
}
