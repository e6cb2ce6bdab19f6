import type { AppWorld } from '../../../support/app-world.ts'
import { blueprintOf, lit, path, seq, step } from '../../../support/blueprints.ts'

/** Which ids stand in a hole of a path, by the segment before it and its name. */
const KINDS: readonly (readonly [hole: RegExp, id: RegExp])[] = [
	[/^tasks\//, /^T-\w+$/],
	[/^(?:runs)\//, /^R-\w+$/],
	[/^steps\/id/, /^ST-\w+$/],
	[/^steps\/step/, /^greeter$/],
	[/^workers\//, /^worker-\w{8}$/],
	[/sid$/, /^S-\w+$/],
	[/hash$/, /^[0-9a-f]{64}$/],
	[/./, /^\w{3,12}$/],
]
const ID = /^[A-Za-z]{1,6}-\w+$|^[0-9a-f]{64}$/
const CREDENTIAL = /^wh-[0-9a-f]{16}$|^[0-9a-f]{32}$|^ey[\w-]+/
const MOST = 200

/** Ids and credentials that exist, or existed, on the server: learnt from what it says. */
export function newPool() {
	const ids: string[] = ['hello', 'main', 'default', 'greeter', 'findings']
	const credentials: string[] = []
	const tokens = new Map<string, string>()
	const own = { issue_id: [] as string[], req_id: [] as string[], session_id: [] as string[], approval: [] as string[] }
	const keep = (list: string[], text: string): void => {
		if (list.includes(text)) return
		if (list.length >= MOST) list.splice(5, 20)
		list.push(text)
	}
	const pickOf = (list: readonly string[], pick: number): string => list[pick % Math.max(list.length, 1)] ?? 'nothing'
	return {
		/** Mostly of the right kind, and the latest. */
		id(hole: string, pick: number): string {
			const [, kind] = KINDS.find(([pattern]) => pattern.test(hole)) ?? []
			if (/req_id$/.test(hole)) return pickOf(own.req_id.slice(-6), pick)
			if (/^approvals/.test(hole)) return pickOf(own.approval.slice(-6), pick)
			if (/issue/.test(hole)) return pickOf(own.issue_id.slice(-6), pick)
			const fitting = ids.filter((id) => kind?.test(id))
			return pick % 10 === 0 ? pickOf(ids, pick) : pickOf(pick % 3 === 0 ? fitting : fitting.slice(-6), pick)
		},
		session: (pick: number): string => pickOf(own.session_id.slice(-3), pick),
		/** That of the operator or the step it is about. */
		credential: (subject: string | undefined, pick: number): string =>
			(pick % 10 !== 0 ? tokens.get(subject ?? '') : undefined) ?? pickOf(pick % 3 === 0 ? credentials : credentials.slice(-6), pick),
		learn(value: unknown): void {
			if (typeof value === 'string' && ID.test(value)) keep(ids, value)
			else if (typeof value === 'string' && CREDENTIAL.test(value)) keep(credentials, value)
			else if (typeof value === 'object' && value !== null) {
				for (const key of ['issue_id', 'req_id', 'session_id'] as const)
					if (key in value) own[key].push(String((value as Record<string, unknown>)[key]))
				if ('id' in value && 'approvers' in value) own.approval.push(String(value.id))
				if ('sid' in value && 'token' in value) tokens.set(String(value.sid), String(value.token))
				if ('task_id' in value && 'worker_handle' in value) tokens.set(String(value.task_id), String(value.worker_handle))
				for (const item of Object.values(value).slice(0, 50)) this.learn(item)
			}
		},
	}
}

export type Pool = ReturnType<typeof newPool>

/** Makes what requests may be about: a stored Blueprint, a run that ended, and some that wait: for an operator, paused, and for an approval. */
export async function populate(world: AppWorld, pool: Pool): Promise<void> {
	const hello = { ...blueprintOf(step('greeter', lit('Ada'), '$.greeting'), []), id: 'hello' }
	const agents = [{ name: 'greeter', kind: 'rust_fn', spec: { fn_id: 'identity' } }]
	pool.learn((await world.call('POST', '/v1/blueprints/hello', { ...hello, agents })).body)
	await world.call('POST', '/v1/blueprints/hello/unarchive')
	pool.learn((await world.launch({ ...hello, agents })).body)
	const joined = await world.join()
	const operator = await world.connect(joined)
	const asked = [{ name: 'greeter', kind: 'operator', spec: { operator_ref: 'main' } }]
	const { body } = await world.launch(
		{ ...hello, id: 'asking', agents: asked, operators: [{ name: 'main' }] },
		{ operator_sid: joined.sid, detach: true },
	)
	pool.learn([joined, body])
	pool.learn(await operator.next('spawn'))
	const two = seq(step('greeter', lit('Ada'), '$.greeting'), step('greeter', path('$.greeting'), '$.again'))
	const waiting = { ...hello, id: 'waiting', flow: two, agents: asked, operators: [{ name: 'main' }] }
	const paused = await world.launch(waiting, { operator_sid: joined.sid, detach: true })
	pool.learn([paused.body, await operator.next('spawn')])
	await world.call('POST', `/v1/runs/${paused.body.run_id}/pause`)
	const gated = [{ ...asked[0], policy: { approve: 'before_spawn', retry: { max_attempts: 3, backoff_ms: 600_000 } } }]
	pool.learn((await world.launch({ ...waiting, id: 'gated', agents: gated }, { operator_sid: joined.sid, detach: true })).body)
	pool.learn((await world.call('GET', '/v1/approvals?newest=true&limit=3')).body)
}
