import { llmBackend } from '../../../src/backend/llm/backend.ts'
import type { LlmOptions } from '../../../src/backend/llm/option.ts'
import { parseLlmSettings } from '../../../src/backend/llm/setting.ts'
import type { Completion } from '../../../src/core/dispatch/backend.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import type { AgentDef } from '../../../src/protocol/blueprint.ts'
import { emptyBlueprint, newAgent, newAttempt, type ScriptedAttempt } from '../../support/attempt.ts'
import { type LlmServer, llmServer, type Turn } from '../../support/llm-server.ts'
import { processOptions } from '../../support/process-options.ts'

export const KEY = 'sk-very-good-secret-1234567890'

export interface LlmWorldOptions {
	readonly script: Parameters<typeof llmServer>[0]
	readonly llm?: JsonObject
	readonly over?: Partial<LlmOptions>
}

export interface LlmWorld extends AsyncDisposable {
	readonly server: LlmServer
	readonly options: LlmOptions
	/** An agent of the scripted server. */
	agent(spec?: JsonObject, profile?: Partial<NonNullable<AgentDef['profile']>>): AgentDef
	perform(agent: AgentDef, attempt?: ScriptedAttempt): Promise<Completion>
}

/** A backend whose only server, `[llm.test]`, is a scripted one; OpenAI's format unless `llm` says otherwise. */
export function llmWorld({ script, llm = {}, over = {} }: LlmWorldOptions): LlmWorld {
	const server = llmServer(script)
	const base = llm.provider === 'anthropic' ? server.url : `${server.url}/v1`
	const table = { provider: 'openai', base_url: base, api_key_env: 'TEST_KEY', model: 'scripted', retries: 0, ...llm }
	const { environment, ...process } = processOptions()
	const options: LlmOptions = {
		...{ ...process, parts: 8, fetch, environment: { ...environment, TEST_KEY: KEY } },
		settings: parseLlmSettings({ test: table }),
		...over,
	}
	const backend = llmBackend(options)
	return {
		server,
		options,
		agent: (spec = {}, profile = {}) => agentOf(spec, profile),
		perform: async (agent, attempt = newAttempt()) => backend.prepare(agent, emptyBlueprint).perform(attempt),
		[Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
	}
}

export function agentOf(spec: JsonObject, profile: Partial<NonNullable<AgentDef['profile']>> = {}): AgentDef {
	return { ...newAgent('agent_block', spec), profile: { system_prompt: '', model: 'test', tools: [], ...profile } as AgentDef['profile'] }
}

/** The text of the last message that came from the agent's side. */
export function lastUserText({ body }: { readonly body: JsonObject }): string {
	const messages = body.messages as { role: string; content: string | { text?: string }[] }[]
	const content = messages.findLast(({ role }) => role === 'user')?.content ?? ''
	return typeof content === 'string' ? content : content.map(({ text = '' }) => text).join('')
}

export const calling = (name: string, input: JsonObject | string = {}): Turn => ({ calls: [{ name, input }] })
