import { type Finding, works } from '../../core/doctor/probe.ts'
import { messageOf } from '../../kernel/error.ts'
import { knownServers, type ModelChoice, type ModelSource, reach } from './model.ts'
import type { Fetch } from './patient-fetch.ts'
import { redactor } from './redact.ts'

const PATIENCE_MS = 10_000

/** Asks every known model server for its list of models, which costs nothing and shows whether the key is good. */
export async function proveModels(source: ModelSource, fetch: Fetch): Promise<Finding> {
	const servers = knownServers(source)
	if (servers.length === 0) return NONE
	const found = await Promise.all(servers.map(({ name, setting }) => tryServer(name, () => reach(source, setting, `[llm.${name}]`), fetch)))
	const broken = found.filter(({ isGood }) => !isGood)
	const detail = found.map((one) => one.detail).join('; ')
	if (broken.length === 0) return works(detail)
	return {
		status: 'broken',
		detail,
		hint: 'Look at the address and the key of that server; agents of kind agent_block that use it will fail.',
	}
}

const NONE: Finding = {
	status: 'missing',
	detail: 'No language model is set up; agents of kind agent_block cannot run.',
	hint: 'Set ANTHROPIC_API_KEY or OPENAI_API_KEY, or give the config file a table [llm.<name>] with provider, base_url and model.',
}

interface Tried {
	readonly isGood: boolean
	readonly detail: string
}

async function tryServer(name: string, choose: () => Omit<ModelChoice, 'model'>, fetch: Fetch): Promise<Tried> {
	try {
		const server = choose()
		return await ask(name, server, fetch)
	} catch (thrown) {
		return { isGood: false, detail: `${name}: ${messageOf(thrown)}` }
	}
}

async function ask(name: string, { provider, baseUrl, key }: Omit<ModelChoice, 'model'>, fetch: Fetch): Promise<Tried> {
	const credential = provider === 'anthropic' ? { 'x-api-key': key ?? '', 'anthropic-version': '2023-06-01' } : bearer(key)
	const stop = AbortSignal.timeout(PATIENCE_MS)
	try {
		const response = await fetch(`${baseUrl}/models`, { headers: credential, redirect: 'error', signal: stop })
		await response.body?.cancel()
		return judge(name, response.status)
	} catch (thrown) {
		return { isGood: false, detail: redactor([key])(`${name} cannot be reached: ${messageOf(thrown)}`) }
	}
}

const bearer = (key: string | null): Record<string, string> => (key === null ? {} : { authorization: `Bearer ${key}` })

/** Some servers have no such list: they are there, and more is not known. */
function judge(name: string, status: number): Tried {
	if (status === 401 || status === 403) return { isGood: false, detail: `${name} refuses the key (${status})` }
	if (status >= 500) return { isGood: false, detail: `${name} answers ${status}` }
	return {
		isGood: true,
		detail: status < 400 ? `${name} takes requests` : `${name} answers, but has no list of models (${status}); its key is not proven`,
	}
}
