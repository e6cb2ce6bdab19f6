import { describe, expect, test } from 'bun:test'
import { healthCommand } from '../../../../src/edge/cli/command/health.ts'
import { runCli } from '../../../../src/edge/cli/run.ts'
import { fakeTerminal } from '../terminal.ts'

async function type(...args: readonly string[]) {
	const terminal = fakeTerminal()
	const code = await runCli(args, [healthCommand], terminal)
	return { code, stdout: terminal.stdout, stderr: terminal.stderr }
}

describe('health', () => {
	test('is 0 when the server says ok, and 1 when it says anything else', async () => {
		const answers: Readonly<Record<string, () => Response>> = {
			'/good/v1/healthz': () => new Response('ok'),
			'/odd/v1/healthz': () => new Response('hello'),
		}
		await using server = Bun.serve({
			port: 0,
			fetch: ({ url }) => answers[new URL(url).pathname]?.() ?? new Response('down', { status: 503 }),
		})
		const base = `http://127.0.0.1:${server.port}`
		expect(await type('health', '--url', `${base}/good`)).toMatchObject({ code: 0, stdout: `${base}/good is healthy\n` })
		expect(await type('health', '--url', `${base}/odd`)).toMatchObject({ code: 1, stdout: '' })
		expect((await type('health', '--url', `${base}/bad`)).stderr).toContain('it answered 503 down')
	})

	test('is 1 when nobody answers', async () => {
		const free = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
		free.stop(true)
		expect((await type('health', '--url', `http://127.0.0.1:${free.port}`)).code).toBe(1)
	})
})
