import { type FormEvent, useId, useMemo, useRef, useState } from 'react'
import { isJsonObject, type Json } from '../../../../kernel/json.ts'
import type { ApprovalRecord } from '../../../../protocol/approval.ts'
import { pathId } from '../../../client/client.ts'
import { useAction } from '../../live/query.ts'
import { useSetting } from '../../live/settings.ts'
import { FormField } from '../../part/form-field.tsx'
import { Failure } from '../../part/shown.tsx'
import { type Field, type Filled, fieldsOf, initially, readForm } from '../../view/form.ts'

interface Answer {
	readonly verb: 'approve' | 'deny'
	readonly by: string
	readonly note: string
	readonly answer?: Json
}

export interface AnswerFormProps {
	readonly approval: ApprovalRecord
	readonly onAnswered: () => void
}

/** Yes or no, with a name, a note, and what the question wants to know. The name is there again the next time. */
export function AnswerForm({ approval, onAnswered }: AnswerFormProps) {
	const { id, form: schema } = approval
	const fields = useMemo(() => fieldsOf(schema), [schema])
	const [filled, setFilled] = useState<Filled>(() => initially(fields))
	const [faults, setFaults] = useState<{ readonly [name: string]: string }>({})
	const [by, setBy] = useSetting('name')
	const [note, setNote] = useState('')
	const form = useRef<HTMLFormElement>(null)
	const answering = useAction<Answer>(async (client, { verb, by: name, note: text, answer }) => {
		const body = { ...(name !== '' && { by: name }), ...(text !== '' && { note: text }) }
		const route = client.v1.approvals(pathId(String(id)))
		if (verb === 'deny') await client.answer(route.deny.post(body))
		else await client.answer(route.approve.post({ ...body, ...(answer !== undefined && { answer }) }))
	})
	const send = async (verb: Answer['verb']): Promise<void> => {
		const read = readForm(fields, filled)
		const isRefused = verb === 'approve' && 'faults' in read
		setFaults(isRefused ? read.faults : {})
		if (isRefused) return focusFault(form.current)
		const answer = fields.length > 0 && 'answer' in read ? { answer: read.answer } : {}
		if (await answering.start({ verb, by: by.trim(), note: note.trim(), ...answer })) onAnswered()
	}
	const submit = (event: FormEvent): void => {
		event.preventDefault()
		void send('approve')
	}
	return (
		<form ref={form} className="answer" onSubmit={submit} noValidate aria-label="Your answer">
			<h3>{titleOf(schema) ?? 'Your answer'}</h3>
			<Fields fields={fields} filled={filled} faults={faults} onChange={setFilled} />
			<Signature approvers={approval.approvers} by={by} note={note} onBy={setBy} onNote={setNote} />
			<Failure error={answering.error} />
			<div className="actions">
				<button type="submit" className="primary" disabled={answering.isBusy}>
					Approve
				</button>
				<button type="button" className="danger" disabled={answering.isBusy} onClick={() => send('deny')}>
					Deny
				</button>
			</div>
		</form>
	)
}

const titleOf = (schema: unknown): string | null => (isJsonObject(schema) && typeof schema.title === 'string' ? schema.title : null)

/** Once the faults are drawn. */
function focusFault(form: HTMLFormElement | null): void {
	requestAnimationFrame(() => form?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus())
}

interface FieldsProps {
	readonly fields: readonly Field[]
	readonly filled: Filled
	readonly faults: { readonly [name: string]: string }
	readonly onChange: (filled: Filled) => void
}

function Fields({ fields, filled, faults, onChange }: FieldsProps) {
	return fields.map((field) => (
		<FormField
			key={field.name}
			field={field}
			value={filled[field.name] ?? field.initial}
			fault={faults[field.name]}
			onChange={(value) => onChange({ ...filled, [field.name]: value })}
		/>
	))
}

interface SignatureProps {
	readonly approvers: readonly string[]
	readonly by: string
	readonly note: string
	readonly onBy: (by: string) => void
	readonly onNote: (note: string) => void
}

function Signature({ approvers, by, note, onBy, onNote }: SignatureProps) {
	const id = useId()
	return (
		<div className="row">
			<div className="field">
				<label htmlFor={`${id}-by`}>Your name</label>
				<input
					id={`${id}-by`}
					type="text"
					autoComplete="username"
					list={`${id}-names`}
					maxLength={200}
					value={by}
					onChange={(event) => onBy(event.target.value)}
				/>
				<datalist id={`${id}-names`}>
					{approvers.map((name) => (
						<option key={name} value={name} />
					))}
				</datalist>
			</div>
			<div className="field grows">
				<label htmlFor={`${id}-note`}>Note</label>
				<textarea id={`${id}-note`} rows={2} maxLength={2000} value={note} onChange={(event) => onNote(event.target.value)} />
			</div>
		</div>
	)
}
