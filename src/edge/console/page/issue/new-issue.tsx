import { type FormEvent, useId, useState } from 'react'
import { useAction, useQuery } from '../../live/query.ts'
import { FormActions } from '../../part/form-actions.tsx'
import { Failure } from '../../part/shown.tsx'
import { go } from '../../route.ts'
import { hrefOf } from '../../view/address.ts'

interface Wish {
	readonly blueprint: string
	readonly intent: string
}

/** A button that becomes a form; once the issue is posted, it is shown. */
export function NewIssue() {
	const [isOpen, setOpen] = useState(false)
	if (isOpen) return <IssueForm onLeave={() => setOpen(false)} />
	return (
		<button type="button" onClick={() => setOpen(true)}>
			New issue
		</button>
	)
}

function IssueForm({ onLeave }: { readonly onLeave: () => void }) {
	const id = useId()
	const [wish, setWish] = useState<Wish>({ blueprint: '', intent: '' })
	const posting = useAction<Wish>(async (client, { blueprint, intent }) => {
		const { issue_id } = await client.answer(client.v1.issues.post({ blueprint_id: blueprint.trim(), intent }))
		onLeave()
		go(hrefOf(['issues', issue_id]))
	})
	const submit = (event: FormEvent): void => {
		event.preventDefault()
		void posting.start(wish)
	}
	return (
		<form className="panel form" onSubmit={submit} aria-label="New issue">
			<BlueprintField value={wish.blueprint} onChange={(blueprint) => setWish({ ...wish, blueprint })} />
			<div className="field">
				<label htmlFor={id}>What shall become of it</label>
				<textarea id={id} rows={4} value={wish.intent} onChange={(event) => setWish({ ...wish, intent: event.target.value })} />
			</div>
			<Failure error={posting.error} />
			<FormActions yes="Post" disabled={posting.isBusy || wish.blueprint.trim() === '' || wish.intent.trim() === ''} onLeave={onLeave} />
		</form>
	)
}

/** One that is there can be chosen, another one named: it need not exist yet. */
function BlueprintField({ value, onChange }: { readonly value: string; readonly onChange: (value: string) => void }) {
	const id = useId()
	const { data } = useQuery(
		'blueprints',
		(client) => client.answer(client.v1.blueprints.get()),
		({ kind }) => kind.startsWith('blueprint.'),
	)
	return (
		<div className="field">
			<label htmlFor={id}>Blueprint</label>
			<input id={id} type="text" list={`${id}-known`} autoComplete="off" value={value} onChange={(event) => onChange(event.target.value)} />
			<datalist id={`${id}-known`}>
				{data?.blueprints
					.filter(({ archived }) => !archived)
					.map((blueprint) => (
						<option key={blueprint.id} value={blueprint.id} />
					))}
			</datalist>
		</div>
	)
}
