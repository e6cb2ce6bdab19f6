import { expect, test } from 'bun:test'
import { proveModels } from '../../../src/backend/llm/probe.ts'
import { parseLlmSettings } from '../../../src/backend/llm/setting.ts'
import { llmServer } from '../../support/llm-server.ts'
import { KEY } from './llm-world.ts'

const prove = (llm: Record<string, unknown>, environment: Record<string, string>) =>
	proveModels({ settings: parseLlmSettings(llm), environment }, fetch)

test('without a model the doctor says how to get one', async () => {
	expect(await prove({}, {})).toMatchObject({ status: 'missing', hint: expect.stringContaining('ANTHROPIC_API_KEY') })
})

test('a good key is proven, a wrong one and a dead server are told apart, and no key is shown', async () => {
	await using server = llmServer([])
	const table = (base_url: string, api_key_env: string) => ({ provider: 'openai', base_url, api_key_env })
	const at = `${server.url}/v1`
	const environment = { GOOD: KEY, WRONG: 'sk-wrong-secret', ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: server.url }
	const good = await prove({ fine: table(at, 'GOOD') }, environment)
	expect(good).toEqual({ status: 'ok', detail: 'fine takes requests; anthropic takes requests' })
	const bad = { wrong: table(at, 'WRONG'), dead: table('http://127.0.0.1:1/v1', 'GOOD'), unset: table(at, 'UNSET') }
	const { status, detail } = await prove(bad, { ...environment, ANTHROPIC_API_KEY: '' })
	expect([status, detail]).toEqual([
		'broken',
		expect.stringMatching(/wrong refuses the key.*dead cannot be reached.*UNSET, which is not set/),
	])
	for (const secret of [KEY, 'sk-wrong-secret']) expect(detail).not.toContain(secret)
})
