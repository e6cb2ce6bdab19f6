import { expect, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { appWorld } from '../support/app-world.ts'
import { lit, step } from '../support/blueprints.ts'
import { tempDir } from '../support/temp-dir.ts'

const blueprint = {
	id: 'filed',
	flow: step('coder', lit('go'), '$.out'),
	agents: [
		{ name: 'coder', kind: 'subprocess', profile: { system_prompt: 'Be brief.' }, runner: { backend: 'subprocess', template: 'tool' } },
	],
	subprocesses: [{ name: 'tool', argv: ['sh', '-c', 'ls -l "$1" | cut -c1-10; echo "$1"', 'sh', '{system_file}'] }],
}

test('a system prompt given as a file lies in the data directory, for the owner alone, while its attempt lasts', async () => {
	using root = tempDir()
	const dir = join(root.path, 'data')
	await using app = await appWorld({ dir })
	const { body } = await app.launch(blueprint)
	const [mode, path] = String(body.final_ctx.out.raw ?? body.final_ctx.out).split('\n')
	expect(mode).toBe('-rw-------')
	expect(path?.startsWith(join(dir, 'system-prompt'))).toBe(true)
	expect(readdirSync(join(dir, 'system-prompt'))).toEqual([])
})

test('files that a killed server left are gone once the next one is up', async () => {
	using root = tempDir()
	const dir = join(root.path, 'data')
	mkdirSync(join(dir, 'system-prompt'), { recursive: true })
	writeFileSync(join(dir, 'system-prompt', 'mse-system-ST-1-1-x.md'), 'secret')
	await using app = await appWorld({ dir })
	expect((await app.call('GET', '/v1/healthz')).status).toBe(200)
	expect(existsSync(join(dir, 'system-prompt'))).toBe(false)
})
