import { eventually } from '../../support/eventually.ts'
import { PATIENCE_MS, send } from './client.ts'
import type { Frame } from './frame-rules.ts'

export type Document = { readonly id: string; readonly [key: string]: unknown }
type Node = { readonly kind: string; readonly [key: string]: unknown }

export const at = (path: string) => ({ op: 'path', at: path })
export const lit = (value: unknown) => ({ op: 'lit', value })
export const step = (ref: string, out: string): Node => ({ kind: 'step', ref, in: lit('say hello'), out: at(out) })

/** A Blueprint whose agent `worker` is done by whoever holds the seat `main`. */
export function operatorBlueprint(id: string, flow: Node = step('worker', '$.said')): Document {
	return {
		id,
		flow,
		agents: [
			{
				name: 'worker',
				kind: 'operator',
				spec: { operator_ref: 'main' },
				profile: { system_prompt: 'Be brief.', worker_binding: 'coder' },
			},
		],
		operators: [{ name: 'main' }],
	}
}

export interface Run {
	readonly id: string
	readonly status: string
	readonly task_id: string
	readonly result_ref: unknown
	readonly step_entries: readonly { readonly step_id: string; readonly status: string | null }[]
}

/** Registers the document and launches it for that operator as mlua-swarm 0.26.0 does; resolves to the run's id at once. */
export async function launch(url: string, sid: string, document: Document): Promise<string> {
	const registered = await send(url, 'POST', `/v1/blueprints/${document.id}`, document)
	if (!registered.ok) throw new Error(`register: ${registered.status} ${await registered.text()}`)
	const response = await send(url, 'POST', '/v1/tasks', {
		blueprint: { kind: 'id', id: document.id },
		init_ctx: {},
		operator_sid: sid,
		operator_desc: 'a client of the swarm',
		detach: true,
		goal: 'a greeting',
		some_unknown_key: 1,
	})
	if (!response.ok) throw new Error(`launch: ${response.status} ${await response.text()}`)
	const { run_id } = (await response.json()) as { run_id: string }
	return run_id
}

export async function runOf(url: string, id: string): Promise<Run> {
	const response = await send(url, 'GET', `/v1/runs/${id}`)
	if (!response.ok) throw new Error(`run: ${response.status} ${await response.text()}`)
	return (await response.json()) as Run
}

/** The run once it has ended. */
export function settled(url: string, id: string): Promise<Run> {
	const ended = async () => {
		const run = await runOf(url, id)
		return run.status !== 'running' && run.status !== 'pending' && run
	}
	return eventually(ended, { within: PATIENCE_MS, what: `run ${id} ends` })
}

/** What a worker does with the handle of a spawn. */
export function prompt(url: string, frame: Frame): Promise<Response> {
	return send(url, 'GET', `/v1/worker/prompt?task_id=${frame.task_id}`, undefined, String(frame.worker_handle))
}

export function submit(url: string, frame: Frame, body: string, query = ''): Promise<Response> {
	const headers = { authorization: `Bearer ${String(frame.worker_handle)}`, 'content-type': 'application/x-www-form-urlencoded' }
	return fetch(`${url}/v1/worker/submit${query}`, { method: 'POST', headers, body })
}

/** How far the server says the operator's requests have come, by their ids. */
export async function pending(url: string, { sid, token }: { readonly sid: string; readonly token: string }) {
	const response = await send(url, 'GET', `/v1/operators/${sid}/requests`, undefined, token)
	const { requests } = (await response.json()) as { requests: { req_id: string; state: string }[] }
	return new Map(requests.map(({ req_id, state }) => [req_id, state]))
}
