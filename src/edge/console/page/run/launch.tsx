import { type FormEvent, useId, useRef, useState } from 'react'
import type { LaunchBody } from '../../../../protocol/task.ts'
import { pathId } from '../../../client/client.ts'
import { newKey } from '../../live/key.ts'
import { useAction, useQuery } from '../../live/query.ts'
import { PageHead } from '../../part/page-head.tsx'
import { Failure } from '../../part/shown.tsx'
import { Area, Line } from '../../part/text-field.tsx'
import { To } from '../../part/to.tsx'
import { go } from '../../route.ts'
import { hrefOf, type Route } from '../../view/address.ts'
import { headText, type LaunchForm, readLaunch } from '../../view/launch.ts'

/** The form that begins a run. `?blueprint=` and `?context=` fill it in. */
export function LaunchPage({ route }: { readonly route: Route }) {
	const [typed, setForm] = useState<Typed>(() => ({
		...{ blueprint: route.query.get('blueprint'), document: '', context: route.query.get('context') },
		...{ goal: '', detach: true },
	}))
	const ids = useBlueprintIds(typed.blueprint)
	const blueprint = typed.blueprint ?? ids[0] ?? ''
	const { about, brings } = useHead(blueprint)
	const form: LaunchForm = { ...typed, blueprint, context: typed.context ?? brings }
	const [faults, setFaults] = useState<{ readonly [field: string]: string }>({})
	const launching = useLaunching()
	const submit = (event: FormEvent): void => {
		event.preventDefault()
		const read = readLaunch(form)
		setFaults('faults' in read ? read.faults : {})
		if ('body' in read) void launching.start(read.body)
	}
	const change = (part: Partial<LaunchForm>): void => {
		launching.forget()
		setForm({ ...typed, ...part })
	}
	return (
		<>
			<PageHead title="Launch a run" />
			<form className="panel form" onSubmit={submit} noValidate aria-label="Launch a run">
				<BlueprintChoice ids={ids} form={form} about={about} faults={faults} onChange={change} />
				<Area label="Context" fault={faults.context} value={form.context} onChange={(context) => change({ context })}>
					JSON that the flow starts with. What the Blueprint brings is there already.
				</Area>
				<Line label="Goal" value={form.goal} onChange={(goal) => change({ goal })}>
					What it is for, in words; operators read it.
				</Line>
				<Detach isOn={form.detach} onChange={(detach) => change({ detach })} />
				<Failure error={launching.error} />
				<div className="actions">
					<button type="submit" className="primary" disabled={launching.isBusy}>
						{launching.isBusy && !form.detach ? 'Waiting for its end…' : 'Launch'}
					</button>
					<To to={['runs']} className="button">
						Back
					</To>
				</div>
			</form>
		</>
	)
}

/** Goes to the run that was launched. The same form sent once more, because no answer came, is the same launch. */
function useLaunching() {
	const key = useRef<string | null>(null)
	const launching = useAction<LaunchBody>(async (client, body) => {
		key.current ??= newKey()
		const { run_id } = await client.answer(client.v1.tasks.post(body, { headers: { 'idempotency-key': key.current } }))
		go(hrefOf(['runs', run_id]))
	})
	const forget = (): void => {
		key.current = null
	}
	return { ...launching, forget }
}

/** Until somebody chose, the first Blueprint is meant, and the context it brings. */
type Typed = Omit<LaunchForm, 'blueprint' | 'context'> & { readonly blueprint: string | null; readonly context: string | null }

/** What a registered Blueprint says of itself. */
function useHead(id: string): { readonly about: string; readonly brings: string } {
	const { data } = useQuery(
		id === '' ? null : `head/${id}`,
		async (client) => (await client.answer(client.v1.blueprints(pathId(id)).head.get())).blueprint,
		({ kind }) => kind.startsWith('blueprint.'),
	)
	return headText(data)
}

function useBlueprintIds(asked: string | null): readonly string[] {
	const { data } = useQuery(
		'blueprints',
		(client) => client.answer(client.v1.blueprints.get()),
		({ kind }) => kind.startsWith('blueprint.'),
	)
	const ids = (data?.blueprints ?? []).filter(({ archived }) => !archived).map(({ id }) => id)
	return asked === null || asked === '' || ids.includes(asked) ? ids : [asked, ...ids]
}

interface BlueprintChoiceProps {
	readonly ids: readonly string[]
	readonly form: LaunchForm
	readonly about: string
	readonly faults: { readonly [field: string]: string }
	readonly onChange: (part: Partial<LaunchForm>) => void
}

function BlueprintChoice({ ids, form, about, faults, onChange }: BlueprintChoiceProps) {
	const id = useId()
	return (
		<>
			<div className="field">
				<label htmlFor={id}>Blueprint</label>
				<select id={id} value={form.blueprint} onChange={(event) => onChange({ blueprint: event.target.value })}>
					{ids.map((one) => (
						<option key={one} value={one}>
							{one}
						</option>
					))}
					<option value="">A document, below</option>
				</select>
				{about !== '' && <p className="hint">{about}</p>}
			</div>
			{form.blueprint === '' && (
				<Area label="Document" rows={12} fault={faults.document} value={form.document} onChange={(document) => onChange({ document })}>
					A Blueprint as JSON. It is run as it is, and not registered.
				</Area>
			)}
		</>
	)
}

function Detach({ isOn, onChange }: { readonly isOn: boolean; readonly onChange: (isOn: boolean) => void }) {
	const id = useId()
	return (
		<div className="field flag">
			<label htmlFor={id}>Detach</label>
			<input id={id} type="checkbox" checked={isOn} aria-describedby={`${id}-about`} onChange={(event) => onChange(event.target.checked)} />
			<p className="hint" id={`${id}-about`}>
				Shows the run at once. Without it this page waits for the end first.
			</p>
		</div>
	)
}
