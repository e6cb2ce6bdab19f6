import { describe, expect, test } from 'bun:test'
import { runBinary } from './support/binary.ts'
import { startTestServer } from './support/server.ts'

describe('a server process', () => {
	test('says where it listens in one line and is healthy there', async () => {
		await using server = await startTestServer()
		expect(await runBinary(['health', '--url', server.url])).toMatchObject({ code: 0 })
		await server.kill('SIGTERM')
		expect(server.stdout).toBe(`mse-server listening on ${server.url}\n`)
	})

	test.each(['SIGTERM', 'SIGINT'] as const)('ends with 0 at %s', async (signal) => {
		await using server = await startTestServer()
		expect(await server.kill(signal)).toBe(0)
		expect((await runBinary(['health', '--url', server.url])).code).toBe(1)
	})

	test('comes back on its port and its data after kill -9', async () => {
		await using server = await startTestServer()
		const before = server.pid
		expect(await server.kill('SIGKILL')).toBe('SIGKILL')
		await server.restart()
		expect(server.pid).not.toBe(before)
		expect((await fetch(`${server.url}/v1/healthz`)).status).toBe(200)
	})

	test('calls to this machine do not go through a proxy', async () => {
		await using server = await startTestServer()
		const env = { http_proxy: 'http://127.0.0.1:1', HTTP_PROXY: 'http://127.0.0.1:1' }
		expect(await runBinary(['health', '--url', server.url], { env })).toMatchObject({ code: 0 })
	})
})

describe('a second server', () => {
	test('on a taken port names the process that holds it, in one line', async () => {
		await using server = await startTestServer()
		const { code, stderr } = await runBinary(['serve', '--bind', new URL(server.url).host, '--ephemeral'])
		expect(code).toBe(1)
		const complaints = stderr.split('\n').filter((line) => line.startsWith('mse-server: '))
		expect(complaints).toHaveLength(1)
		expect(complaints[0]).toContain(`is taken by process ${server.pid} (mse-server).`)
	})
})
