import { exchange } from './exchange.ts'
import { ToolError } from './session.ts'

interface Launch {
	readonly id: string
	readonly init_ctx?: unknown
	readonly timeout_secs?: number
	readonly ttl_secs?: number
	readonly detach?: boolean
	readonly operator_id?: string
	readonly operator_kind?: string
	readonly operator_kind_overrides?: Readonly<Record<string, string>>
	readonly operator_sid?: string
	readonly operator_slot?: string
	/** Keys that a later client may send. */
	readonly more?: object
}
type Body = { readonly [key: string]: unknown }

/** The run tools of mlua-swarm 0.26.0. `pinned` is the only session of the process, which is pinned where none is named. */
export function runTools(url: string, pinned: () => string | undefined) {
	const known = new Map<string, Body>()
	const get = async (path: string) => {
		const { status, json } = await exchange(url, 'GET', path, { timeoutMs: 5000 })
		return status === 200 && json !== undefined ? (json as Body) : null
	}
	const runOf = async (run_id: string) => (await get(`/v1/runs/${run_id}`)) ?? {}
	return {
		async swarm_run(asked: Launch): Promise<Body> {
			const { timeout_secs = 300 } = asked
			const { status, body, json } = await exchange(url, 'POST', '/v1/tasks', {
				json: launchBody(asked, pinned()),
				timeoutMs: (timeout_secs + 5) * 1000,
			})
			if (status < 200 || status > 299)
				return { run_id: null, status: 'failed', error: `POST ${url}/v1/tasks returned ${status}: ${body}`, resolved_via: 'http' }
			const result = launched((json ?? {}) as Body, asked.id)
			if (typeof result.run_id === 'string') known.set(result.run_id, { ...result })
			return result
		},
		async swarm_status({ run_id }: { readonly run_id: string }): Promise<Body> {
			const local = known.get(run_id)
			if (!local) throw new ToolError('invalid_params', `unknown run ${run_id}`)
			const { status = local.status, task_id, step_entries, result_ref } = await runOf(run_id)
			const trace = await get(`/v1/runs/${run_id}/trace?latest=50`)
			const log_tail = Array.isArray(trace?.events) ? trace.events : []
			return { run_id, status, task_id, step_entries, result_ref, log_tail, cancel_requested: false }
		},
		async swarm_run_stats({ run_id }: { readonly run_id: string }) {
			const { status, json, body } = await exchange(url, 'GET', `/v1/runs/${run_id}`, { timeoutMs: 10_000 })
			if (status === 404 || json === undefined) throw new ToolError('invalid_params', body)
			const steps = (json as { step_entries: Entry[] }).step_entries
			const tokens = steps.map(({ usage }) => usage?.total_tokens ?? 0).reduce((sum, count) => sum + count, 0)
			return {
				steps,
				totals: { total_tokens: tokens, steps_total: steps.length },
				models: [...new Set(steps.flatMap(({ model }) => model ?? []))],
			}
		},
		async swarm_cancel({ run_id }: { readonly run_id: string }) {
			const { status } = await exchange(url, 'POST', `/v1/runs/${run_id}/cancel`, { timeoutMs: 5000 })
			const server_ack = status >= 200 && status < 300
			if (!server_ack && !known.has(run_id)) throw new ToolError('invalid_params', `unknown run ${run_id}`)
			return { ok: true, run_id, cancel_requested: true, server_ack }
		},
		/** What the doctor adds for each run that this process launched. */
		async mse_doctor() {
			const doctor = (await exchange(url, 'GET', '/v1/doctor', { timeoutMs: 3000 })).json as Body
			const version_drift = typeof doctor.server_version === 'string' ? doctor.server_version !== '0.26.0' : null
			const runs = await Promise.all(
				[...known.values()].map(async ({ task_id, run_id }) => {
					const steps = await get(`/v1/tasks/${String(task_id)}/runs/${String(run_id)}/steps`)
					const { degradations } = await runOf(String(run_id))
					return { run_id, steps: steps?.steps, degradations: Array.isArray(degradations) ? degradations.length : null }
				}),
			)
			return { doctor, version_drift, runs }
		},
	}
}

interface Entry {
	readonly step_ref: string
	readonly status: string
	readonly attempt: number
	readonly duration_ms: number | null
	readonly worker_kind?: string
	readonly model?: string
	readonly usage?: { readonly total_tokens?: number }
}

/** `ttl_secs` always; the rest only when it was asked for. */
function launchBody(asked: Launch, pinned: string | undefined): object {
	const { id, init_ctx = {}, timeout_secs = 300, ttl_secs = timeout_secs, detach = false, operator_slot } = asked
	const operator = {
		...(asked.operator_kind !== undefined && { kind: asked.operator_kind }),
		...(asked.operator_id !== undefined && { id: asked.operator_id }),
		...(asked.operator_kind_overrides !== undefined && { per_agent_kinds: asked.operator_kind_overrides }),
	}
	const sid = asked.operator_sid ?? pinned
	return {
		blueprint: { kind: 'id', id },
		init_ctx,
		ttl_secs,
		...(detach && { detach }),
		...(Object.keys(operator).length > 0 && { operator }),
		...(sid !== undefined && { operator_sid: sid, operator_desc: 'swarm_run by the MCP adapter' }),
		...(operator_slot !== undefined && { operator_slot }),
		...asked.more,
	}
}

/** The keys the tool reads; missing ones become null, a missing status `done`. */
function launched(answer: Body, head: string): Body {
	const keys = ['run_id', 'task_id', 'final_ctx', 'bound_version', 'effective_ttl_secs', 'ttl_source', 'info']
	const read = Object.fromEntries(keys.map((key) => [key, answer[key] ?? null]))
	return { ...read, status: answer.status ?? 'done', head, resolved_via: 'http' }
}
