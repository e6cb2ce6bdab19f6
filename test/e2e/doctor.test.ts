import { expect, test } from 'bun:test'
import type { Check } from '../../src/protocol/health.ts'
import { runBinary } from './support/binary.ts'
import { startTestServer } from './support/server.ts'

const PROVEN_ANYWHERE = ['runtime', 'data_dir', 'disk', 'child_processes', 'templates', 'lua', 'address']

function statuses(stdout: string): Record<string, string> {
	const { checks }: { checks: Check[] } = JSON.parse(stdout)
	return Object.fromEntries(checks.map(({ name, status }) => [name, status]))
}

test('doctor proves what a server can do', async () => {
	await using server = await startTestServer()
	const { code, stdout } = await runBinary(['doctor', '--json', '--url', server.url])
	expect(code).toBe(0)
	expect(statuses(stdout)).toMatchObject(Object.fromEntries(PROVEN_ANYWHERE.map((name) => [name, 'ok'])))
	expect(statuses(stdout).operators).toBe('missing')
})

test('doctor proves what this machine could do when no server answers, and changes nothing', async () => {
	const { code, stdout } = await runBinary(['doctor', '--json', '--bind', '127.0.0.1:0', '--url', 'http://127.0.0.1:1'])
	expect(code).toBe(0)
	expect(statuses(stdout)).toMatchObject({
		...Object.fromEntries(PROVEN_ANYWHERE.map((name) => [name, 'ok'])),
		server: 'missing',
		lock: 'ok',
	})
})

test('doctor names who has the data directory', async () => {
	await using server = await startTestServer()
	const { code, stdout } = await runBinary(['doctor', '--data-dir', server.dataDir, '--bind', '127.0.0.1:0', '--url', 'http://127.0.0.1:1'])
	expect([code, stdout]).toEqual([1, expect.stringContaining(`in use by pid ${server.pid}`)])
})
