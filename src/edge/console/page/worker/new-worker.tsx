import { type FormEvent, useId, useState } from 'react'
import type { CreateWorker } from '../../../../protocol/runtime-worker.ts'
import { type Action, useAction } from '../../live/query.ts'
import { FormActions } from '../../part/form-actions.tsx'
import { Failure } from '../../part/shown.tsx'
import { go } from '../../route.ts'
import { hrefOf } from '../../view/address.ts'
import { useProfiles } from './profile.tsx'

/** A button that becomes a form; once the worker is there, it is shown. */
export function NewWorker() {
	const [isOpen, setOpen] = useState(false)
	const creating = useAction<CreateWorker>(async (client, wanted) => {
		const { worker } = await client.answer(client.v1.workers.post(wanted))
		setOpen(false)
		go(hrefOf(['workers', worker.worker_id]))
	})
	if (isOpen) return <WorkerForm creating={creating} onLeave={() => setOpen(false)} />
	return (
		<button type="button" onClick={() => setOpen(true)}>
			New worker
		</button>
	)
}

interface FormProps {
	readonly creating: Action<CreateWorker>
	readonly onLeave: () => void
}

function WorkerForm({ creating, onLeave }: FormProps) {
	const [filled, setFilled] = useState<Filled>({ profile: '', name: '', first: '' })
	const submit = (event: FormEvent): void => {
		event.preventDefault()
		void creating.start(toRequest(filled))
	}
	return (
		<form className="panel form" onSubmit={submit} aria-label="New worker">
			<Fields filled={filled} onChange={(part) => setFilled({ ...filled, ...part })} />
			<Failure error={creating.error} />
			<FormActions yes="Create" disabled={creating.isBusy} onLeave={onLeave} />
		</form>
	)
}

interface Filled {
	/** Empty for the default one. */
	readonly profile: string
	readonly name: string
	readonly first: string
}

function Fields({ filled, onChange }: { readonly filled: Filled; readonly onChange: (part: Partial<Filled>) => void }) {
	const id = useId()
	const profiles = useProfiles().data?.profiles ?? []
	const missing = profiles.find(({ name }) => name === filled.profile)?.reason
	return (
		<>
			<div className="row">
				<div className="field">
					<label htmlFor={`${id}-profile`}>Runs with</label>
					<select id={`${id}-profile`} value={filled.profile} onChange={(event) => onChange({ profile: event.target.value })}>
						<option value="">The default profile</option>
						{profiles.map(({ name, available }) => (
							<option key={name} value={name}>
								{available ? name : `${name} (not available)`}
							</option>
						))}
					</select>
					{missing !== undefined && <p className="hint">{missing}</p>}
				</div>
				<div className="field">
					<label htmlFor={`${id}-name`}>Name</label>
					<input
						id={`${id}-name`}
						type="text"
						maxLength={256}
						value={filled.name}
						onChange={(event) => onChange({ name: event.target.value })}
					/>
				</div>
			</div>
			<div className="field">
				<label htmlFor={`${id}-first`}>First message</label>
				<textarea id={`${id}-first`} rows={3} value={filled.first} onChange={(event) => onChange({ first: event.target.value })} />
			</div>
		</>
	)
}

function toRequest({ profile, name, first }: Filled): CreateWorker {
	return {
		intent: { kind: 'assistant' },
		profile: profile === '' ? { kind: 'runtime_default' } : { kind: 'builtin', value: profile },
		...(name.trim() !== '' && { display_name: name.trim() }),
		...(first.trim() !== '' && { initial_input: { kind: 'user', content: first } }),
	}
}
