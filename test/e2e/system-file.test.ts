import { expect, test } from 'bun:test'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { LaunchReply } from '../../src/protocol/task.ts'
import { eventually } from '../support/eventually.ts'
import { call } from './support/api.ts'
import { startTestServer } from './support/server.ts'

test('a system prompt that a killed server left as a file is gone when the next one is up', async () => {
	await using server = await startTestServer()
	const folder = join(server.dataDir, 'system-prompt')
	const files = (): readonly string[] => (existsSync(folder) ? readdirSync(folder) : [])
	const blueprint = {
		id: 'filed',
		flow: { kind: 'step', ref: 'coder', in: { op: 'lit', value: 'go' }, out: { op: 'path', at: '$.out' } },
		agents: [
			{ name: 'coder', kind: 'subprocess', profile: { system_prompt: 'Be brief.' }, runner: { backend: 'subprocess', template: 'tool' } },
		],
		subprocesses: [{ name: 'tool', argv: ['sh', '-c', 'sleep 1000', 'sh', '{system_file}'] }],
	}
	const json = { blueprint: { kind: 'inline', value: blueprint }, init_ctx: {}, detach: true }
	const { body } = await call<LaunchReply>('POST', `${server.url}/v1/tasks`, { json })
	const [left] = await eventually(() => (files().length > 0 ? files() : null), { what: 'the file is there' })
	await server.kill('SIGKILL')
	expect(files()).toEqual([left ?? ''])
	await server.restart()
	await call('POST', `${server.url}/v1/runs/${body.run_id}/cancel`)
	expect(files()).not.toContain(left ?? '')
	await eventually(() => files().length === 0, { what: 'the file of the second attempt is gone with it' })
}, 60_000)
