import { describe, expect, test } from 'bun:test'
import { llmBackend } from '../../../src/backend/llm/backend.ts'
import { chooseModel, knownServers } from '../../../src/backend/llm/model.ts'
import { parseLlmSettings } from '../../../src/backend/llm/setting.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { emptyBlueprint } from '../../support/attempt.ts'
import { verifies } from '../../support/verifies.ts'
import { agentOf, llmWorld } from './llm-world.ts'

const keys = { ANTHROPIC_API_KEY: 'sk-a', OPENAI_API_KEY: 'sk-o' }
const local = { provider: 'openai', base_url: 'http://127.0.0.1:11434/v1/', model: 'qwen3' }

function choose(model: string | undefined, llm: JsonObject = {}, environment: Record<string, string> = keys, table?: string) {
	const source = { settings: parseLlmSettings(llm), environment }
	return chooseModel(source, { agent: 'poet', llm: table, model })
}

describe('an agent’s model', () => {
	test('is a provider’s, by prefix or by its name, with the key of the environment', () => {
		verifies('03.AgentProfile.model')
		const claude = { provider: 'anthropic', model: 'claude-x', key: 'sk-a', baseUrl: 'https://api.anthropic.com/v1' }
		expect(choose('anthropic/claude-x')).toMatchObject(claude)
		expect(choose('claude-x')).toMatchObject(claude)
		expect(choose('openai/org/m')).toMatchObject({ provider: 'openai', model: 'org/m', key: 'sk-o', baseUrl: 'https://api.openai.com/v1' })
	})

	test('is that of a table of the config file, named by model or by spec.llm, or the only one', () => {
		const own = { provider: 'openai', baseUrl: 'http://127.0.0.1:11434/v1', key: null }
		expect(choose('mine', { mine: local })).toMatchObject({ ...own, model: 'qwen3' })
		expect(choose('mine/other:7b', { mine: local })).toMatchObject({ ...own, model: 'other:7b' })
		expect(choose('qwen3', { mine: local })).toMatchObject({ ...own, model: 'qwen3' })
		expect(choose('big', { mine: local, claude: { provider: 'anthropic' } }, keys, 'mine')).toMatchObject({ ...own, model: 'big' })
		expect(choose(undefined, { mine: local })).toMatchObject({ ...own, model: 'qwen3' })
		expect(choose(undefined, { mine: local, default: { ...local, model: 'd' } })).toMatchObject({ ...own, model: 'd' })
	})

	test('is reached at the address of the environment; a local server needs no key', () => {
		expect(choose('claude-x', {}, { ...keys, ANTHROPIC_BASE_URL: 'http://proxy:1/' }).baseUrl).toBe('http://proxy:1/v1')
		expect(choose('openai/m', {}, { OPENAI_BASE_URL: 'http://local:1/v1' })).toMatchObject({ baseUrl: 'http://local:1/v1', key: null })
	})

	test('a provider’s key is not sent to the address of a table', () => {
		expect(choose('mine', { mine: { provider: 'anthropic', base_url: 'http://other', model: 'm' } }).key).toBeNull()
	})

	test.each([
		['claude-x', {}, 'ANTHROPIC_API_KEY'],
		['openai/m', {}, 'OPENAI_API_KEY'],
		['mine', { mine: { ...local, api_key_env: 'MY_KEY' } }, 'MY_KEY'],
	] as const)('%s without a key is refused with the name of the variable', (model, llm, variable) => {
		const sentence = expect.stringMatching(new RegExp(`agent 'poet'.*${variable}, which is not set`))
		expect(() => choose(model, llm, {})).toThrow(expect.objectContaining({ code: 'invalid_agent_spec', message: sentence }))
	})

	test('that nobody has is refused with what there is', () => {
		const hint = expect.stringContaining('[llm.mine]')
		expect(() => choose('sonnet', { mine: local })).toThrow(expect.objectContaining({ code: 'invalid_agent_spec', hint }))
		expect(() => choose(undefined, {})).toThrow("Agent 'poet' names no model.")
		expect(() => choose('x', { mine: local }, keys, 'yours')).toThrow('There is no [llm.yours]')
	})

	test('can be any of those whose server is known', () => {
		const known = knownServers({ settings: parseLlmSettings({ mine: local }), environment: { ANTHROPIC_API_KEY: 'k' } })
		expect(known.map(({ name }) => name)).toEqual(['mine', 'anthropic'])
	})
})

test.each([
	[{ mine: { ...local, api_key: 'sk-secret' } }, 'There is no key "llm.mine.api_key". The nearest is "api_key_env".'],
	[{ mine: { ...local, base_url: 'localhost' } }, 'llm.mine.base_url is not usable; expected an http(s) URL.'],
	[{ mine: { provider: 'other' } }, 'llm.mine.provider is not usable; expected "anthropic"'],
	[{ mine: { ...local, price: { input: 1 } } }, 'llm.mine.price.output is not usable'],
	[{ mine: 'sk-secret' }, 'llm.mine is not usable; expected a table.'],
] as const)('settings: %j', (section, sentence) => {
	const refusal = expect.objectContaining({ code: 'config_invalid', message: expect.stringContaining(sentence) })
	expect(() => parseLlmSettings(section)).toThrow(refusal)
	expect(() => parseLlmSettings(section)).not.toThrow('sk-secret')
})

test.each([
	[{ script_path: 'x.lua' }, "agents of kind 'lua'"],
	[{ max_turns: 0 }, "'max_turns' must be a whole number from 1"],
	[{ mcp_rpc_timeout_ms: 'soon' }, "'mcp_rpc_timeout_ms'"],
	[{ mcp_servers: {} }, "'mcp_servers' must be a list"],
	[{ mcp_servers: [{ name: 'a' }] }, "needs either a 'command' with 'args' or a 'url'"],
	[{ mcp_servers: [{ name: 'a', url: 'ftp://x' }] }, 'must be an http(s) URL'],
	[{ mcp_servers: [{ name: 'a', command: 'x', args: [1] }] }, "'mcp_servers[0].args' must be a list of texts"],
	[
		{
			mcp_servers: [
				{ name: 'a', command: 'x' },
				{ name: 'a', command: 'y' },
			],
		},
		"two servers named 'a'",
	],
] as const)('a spec is refused: %j', async (spec, sentence) => {
	await using world = llmWorld({ script: [] })
	const refusal = expect.objectContaining({ code: 'invalid_agent_spec', message: expect.stringContaining(sentence) })
	expect(() => llmBackend(world.options).prepare(agentOf(spec), emptyBlueprint)).toThrow(refusal)
})

test('a tool of an MCP server that the spec lacks is refused', async () => {
	await using world = llmWorld({ script: [] })
	const agent = agentOf({}, { tools: ['mcp__git__log'] })
	expect(() => llmBackend(world.options).prepare(agent, emptyBlueprint)).toThrow("the MCP server 'git', which 'mcp_servers' lacks")
})
