import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { eventually } from '../support/eventually.ts'
import { tempDir } from '../support/temp-dir.ts'
import { CHECKOUT } from './support/binary.ts'

test('scripts/start passes its arguments on, prints the address and what to try, and is the server', async () => {
	using folder = tempDir()
	const args = ['--bind', '127.0.0.1:0', '--data-dir', join(folder.path, 'data')]
	const env = { ...Bun.env, HOME: folder.path, TMPDIR: folder.path, HIVE_RUN_DIR: join(folder.path, 'hive') }
	const child = Bun.spawn([join(CHECKOUT, 'scripts/start'), ...args], { env, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
	const said = { out: '' }
	const reading = (async () => {
		for await (const chunk of child.stdout) said.out += new TextDecoder().decode(chunk)
	})()
	await eventually(() => said.out.includes('Try:'), { within: 60_000, what: 'start says what to try' })
	const address = /^mse-server listening on (http:\/\/127\.0\.0\.1:\d+)$/m.exec(said.out)?.[1] ?? ''
	expect((await fetch(`${address}/v1/healthz`)).status).toBe(200)
	expect(said.out).toContain(`curl -s ${address}/v1/tasks `)
	child.kill('SIGTERM')
	await reading
	expect(await child.exited).toBe(0)
}, 90_000)
