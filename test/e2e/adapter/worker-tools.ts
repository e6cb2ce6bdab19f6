import { exchange } from './exchange.ts'
import { ToolError } from './session.ts'

const WORKER_MS = 30_000

interface Submission {
	readonly worker_handle: string
	readonly body: string
	readonly ok?: boolean
	readonly name?: string
	readonly degradations?: readonly { readonly tool: string; readonly error: string; readonly fallback: string; readonly note?: string }[]
	readonly stats?: object
}

/** The worker tools of mlua-swarm 0.26.0; `routes` has the step of each handle that a popped frame carried. */
export function workerTools(url: string, routes: ReadonlyMap<string, string>) {
	const post = async (path: string, handle: string, sent: { readonly json?: unknown; readonly raw?: string; readonly type?: string }) => {
		const { status, body } = await exchange(url, 'POST', path, { ...sent, bearer: handle, timeoutMs: WORKER_MS })
		if (status !== 204) throw new ToolError('internal_error', `POST ${path} failed: ${status} ${body}`)
		if (body !== '') throw new ToolError('internal_error', `POST ${path}: a body with 204: ${body}`)
	}
	return {
		async mse_worker_fetch({
			worker_handle,
			task_id = routes.get(worker_handle),
		}: {
			readonly worker_handle: string
			readonly task_id?: string
		}) {
			if (!task_id?.startsWith('ST-')) throw new ToolError('invalid_params', 'no route to that handle')
			const path = `/v1/worker/prompt?task_id=${task_id}`
			const { status, body, json } = await exchange(url, 'GET', path, { bearer: worker_handle, timeoutMs: WORKER_MS })
			if (status < 200 || status > 299) throw new ToolError('internal_error', `GET ${path} failed: ${status} ${body}`)
			const prompt = json as Record<string, unknown>
			if ('system_ref' in prompt && !isSystemRef(prompt.system_ref)) throw new ToolError('internal_error', 'system_ref cannot be decoded')
			return prompt
		},
		async mse_worker_submit({ worker_handle, body, ok = true, name, degradations = [], stats }: Submission) {
			if (name !== undefined && !ok) throw new ToolError('invalid_params', 'name and ok=false exclude each other')
			for (const degradation of degradations) await post('/v1/worker/degradation', worker_handle, { json: degradation })
			if (stats !== undefined) await post('/v1/worker/stats', worker_handle, { json: stats })
			const path = name === undefined ? `/v1/worker/submit${ok ? '' : '?ok=false'}` : `/v1/worker/artifact?name=${encodeURIComponent(name)}`
			await post(path, worker_handle, { raw: body, type: 'text/plain' })
			return { submitted: true }
		},
	}
}

function isSystemRef(ref: unknown): boolean {
	const { uri, sha256, size_bytes, mode } = (ref ?? {}) as Record<string, unknown>
	return (
		typeof uri === 'string' && /^[0-9a-f]{64}$/.test(String(sha256)) && Number.isInteger(size_bytes) && (mode === 'http' || mode === 'file')
	)
}
