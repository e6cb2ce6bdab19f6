import { MseError } from '../../kernel/error.ts'
import type { LlmSetting, Price } from './setting.ts'

export type Provider = LlmSetting['provider']

/** A model and how to reach it. `key` is a secret. */
export interface ModelChoice {
	readonly provider: Provider
	readonly baseUrl: string
	/** Null for a server that asks for none. */
	readonly key: string | null
	readonly model: string
	readonly price: Price | undefined
	readonly retries: number
	readonly idleTimeoutMs: number
}

export interface ModelSource {
	readonly settings: ReadonlyMap<string, LlmSetting>
	/** The server's own environment, where the keys are. */
	readonly environment: { readonly [name: string]: string | undefined }
}

/** What an agent says about its model. */
export interface ModelWish {
	readonly agent: string
	/** `spec.llm`: the name of a table `[llm.<name>]`. */
	readonly llm: string | undefined
	/** `profile.model`: `provider/model`, `<name>/model`, the `<name>` of a table, or a model by itself. */
	readonly model: string | undefined
}

const DEFAULT_RETRIES = 4
const DEFAULT_IDLE_SECS = 300

const PROVIDERS = {
	anthropic: { keyEnv: 'ANTHROPIC_API_KEY', baseEnv: 'ANTHROPIC_BASE_URL', baseUrl: 'https://api.anthropic.com/v1', models: /^claude/ },
	openai: { keyEnv: 'OPENAI_API_KEY', baseEnv: 'OPENAI_BASE_URL', baseUrl: 'https://api.openai.com/v1', models: /^(gpt-|chatgpt-|o\d)/ },
} as const satisfies Record<Provider, object>

const PROVIDER_NAMES = ['anthropic', 'openai'] as const satisfies readonly Provider[]

/** The model for an agent. Throws `invalid_agent_spec` when it names none that can be reached, with the variable that is not set. */
export function chooseModel(source: ModelSource, wish: ModelWish): ModelChoice {
	const { setting, name, model } = find(source, wish)
	if (!model) throw invalid(`Agent '${wish.agent}' names no model, and neither does [llm.${name}].`, `Set model in [llm.${name}].`)
	return { ...reach(source, setting, `agent '${wish.agent}' (${model})`), model }
}

/** Every model server that could be used: the tables of the config file, and the providers whose key is in the environment. */
export function knownServers({ settings, environment }: ModelSource): readonly { readonly name: string; readonly setting: LlmSetting }[] {
	const fromEnvironment = PROVIDER_NAMES.filter((name) => {
		const { keyEnv, baseEnv } = PROVIDERS[name]
		return !settings.has(name) && (environment[keyEnv] || (name === 'openai' && environment[baseEnv]))
	})
	return [
		...[...settings].map(([name, setting]) => ({ name, setting })),
		...fromEnvironment.map((name) => ({ name, setting: { provider: name } })),
	]
}

/** Address and key of a server. Throws `invalid_agent_spec` when its key is not set. */
export function reach({ environment }: ModelSource, setting: LlmSetting, who: string): Omit<ModelChoice, 'model'> {
	const { keyEnv, baseEnv, baseUrl: official } = PROVIDERS[setting.provider]
	const given = setting.base_url ?? (environment[baseEnv] || undefined)
	// The provider's own key goes to nobody but the provider, unless the environment itself names another address.
	const variable = setting.api_key_env ?? (setting.base_url === undefined ? keyEnv : undefined)
	const key = variable === undefined ? null : environment[variable]?.trim() || null
	const needsKey =
		setting.api_key_env !== undefined || (variable !== undefined && (given === undefined || setting.provider === 'anthropic'))
	if (needsKey && key === null) throw noKey(who, variable ?? keyEnv)
	return {
		provider: setting.provider,
		baseUrl: versioned(setting.provider, given ?? official),
		key,
		price: setting.price,
		retries: setting.retries ?? DEFAULT_RETRIES,
		idleTimeoutMs: (setting.idle_timeout_secs ?? DEFAULT_IDLE_SECS) * 1000,
	}
}

interface Found {
	readonly setting: LlmSetting
	readonly name: string
	readonly model: string | undefined
}

function find(source: ModelSource, wish: ModelWish): Found {
	const { settings } = source
	if (wish.llm !== undefined) {
		const setting = settings.get(wish.llm)
		if (!setting) throw unknownModel(source, `There is no [llm.${wish.llm}] for agent '${wish.agent}'.`)
		return { setting, name: wish.llm, model: wish.model ?? setting.model }
	}
	if (wish.model !== undefined) return byModel(source, wish, wish.model)
	const only = settings.has('default') ? 'default' : settings.size === 1 ? [...settings.keys()][0] : undefined
	const setting = only === undefined ? undefined : settings.get(only)
	if (!setting || only === undefined) throw unknownModel(source, `Agent '${wish.agent}' names no model.`)
	return { setting, name: only, model: setting.model }
}

function byModel(source: ModelSource, wish: ModelWish, model: string): Found {
	const { settings } = source
	const named = settings.get(model)
	if (named) return { setting: named, name: model, model: named.model }
	const slash = model.indexOf('/')
	const [first, rest] = [model.slice(0, Math.max(slash, 0)), model.slice(slash + 1)]
	const server = settings.get(first) ?? builtin(first)
	if (server && rest !== '') return { setting: server, name: first, model: rest }
	const bearer = [...settings].find(([, setting]) => setting.model === model)
	if (bearer) return { setting: bearer[1], name: bearer[0], model }
	const provider = PROVIDER_NAMES.find((name) => PROVIDERS[name].models.test(model))
	if (provider) return { setting: settings.get(provider) ?? { provider }, name: provider, model }
	const fallback = settings.get('default')
	if (fallback) return { setting: fallback, name: 'default', model }
	throw unknownModel(source, `No server is known for the model '${model}' of agent '${wish.agent}'.`)
}

const builtin = (name: string): LlmSetting | undefined => (name === 'anthropic' || name === 'openai' ? { provider: name } : undefined)

/** The provider's own client wants the version in the address, other programs' settings for Anthropic leave it out. */
function versioned(provider: Provider, address: string): string {
	const bare = address.replace(/\/+$/, '')
	return provider === 'anthropic' && !/\/v\d+$/.test(bare) ? `${bare}/v1` : bare
}

function noKey(who: string, variable: string): MseError {
	return invalid(
		`agent_block: ${who} needs the key in ${variable}, which is not set.`,
		`Start the server with ${variable} in its environment.`,
	)
}

function unknownModel({ settings }: ModelSource, sentence: string): MseError {
	const tables = [...settings.keys()].map((name) => `[llm.${name}]`).join(', ') || 'none'
	const hint = `Give profile.model as anthropic/<model> or openai/<model>, or name a table of the config file (there: ${tables}).`
	return invalid(sentence, hint)
}

function invalid(sentence: string, hint: string): MseError {
	return new MseError('invalid', sentence, { code: 'invalid_agent_spec', hint })
}
