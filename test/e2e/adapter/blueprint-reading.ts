import { strangeKeys } from '../wire-script/strict-blueprint.ts'
import { exchange } from './exchange.ts'

interface Document {
	readonly id: string
	readonly agents?: readonly { readonly name: string; readonly [key: string]: unknown }[]
	readonly [key: string]: unknown
}

/** The Blueprint tools of mlua-swarm 0.26.0 that register and read. Failures are results, not errors. */
export function blueprintReading(url: string) {
	// biome-ignore lint/suspicious/noExplicitAny: bodies are passed through as they are
	const get = async (path: string): Promise<{ http_status: number; body: any }> => {
		const { status, json, body } = await exchange(url, 'GET', path)
		return { http_status: status, body: json ?? body }
	}
	/** The head as the strict parser of the client takes it: no key that it does not know, anywhere. */
	const strictHead = async (id: string) => {
		const { http_status, body } = await get(`/v1/blueprints/${id}/head`)
		if (http_status !== 200) return { http_status, error: body, blueprint: null }
		const strange = strangeKeys(body.blueprint)
		return { http_status, error: strange.length > 0 ? `unknown field ${strange}` : null, blueprint: body.blueprint as Document }
	}
	return {
		async bp_build(document: Document) {
			const { status: http_status, body } = await exchange(url, 'POST', `/v1/blueprints/${document.id}`, { json: document })
			return { status: http_status >= 200 && http_status < 300 ? 'registered' : 'error', bp_id: document.id, http_status, body }
		},
		async bp_doctor({ id }: { readonly id: string }) {
			const head = await strictHead(id)
			const sizes = []
			for (const { name } of head.blueprint?.agents ?? []) sizes.push((await get(`/v1/agents/${name}/render-size`)).body)
			return { ...head, sizes }
		},
		async bp_explain_agent({ bp_id, agent }: { readonly bp_id: string; readonly agent: string }) {
			const { http_status, body } = await get(`/v1/blueprints/${bp_id}/agents/${agent}/explain`)
			return { http_status, variant: body.worker_binding?.variant ?? null, tools: body.declared_tools?.tools ?? null, body }
		},
		async bp_explain_agents({ bp_id }: { readonly bp_id: string }) {
			const { http_status, body } = await get(`/v1/blueprints/${bp_id}/agents/explain`)
			const agents = http_status === 200 ? body.agents : []
			return {
				...{ http_status, head: await strictHead(bp_id) },
				agents: agents.map((agent: Record<string, { variant?: string } | null>) => [agent.name, agent.worker_binding?.variant ?? null]),
			}
		},
	}
}
