import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '../support/eventually.ts'
import { tempDir } from '../support/temp-dir.ts'
import { bareEnvironment, binaryPath, runBinary } from './support/binary.ts'
import { startTestServer } from './support/server.ts'

const shell = (script: string) => ({
	kind: 'inline',
	value: {
		id: 'shell',
		flow: { kind: 'step', ref: 'work', in: { op: 'lit', value: 'x' }, out: { op: 'path', at: '$.out' } },
		agents: [{ name: 'work', kind: 'subprocess', spec: { program: '/bin/sh', args: ['-c', script] } }],
	},
})

async function launch(url: string, script: string): Promise<string> {
	const body = JSON.stringify({ blueprint: shell(script), init_ctx: {}, detach: true })
	const answer = await fetch(`${url}/v1/tasks`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
	const { run_id } = (await answer.json()) as { run_id: string }
	return run_id
}

describe('the runs of a server', () => {
	test('are listed, shown, followed and cancelled from the command line', async () => {
		await using server = await startTestServer()
		const env = { MSE_URL: server.url }
		const id = await launch(server.url, 'sleep 60')
		expect((await runBinary(['runs', 'ls'], { env })).stdout).toContain(`${id}  running`)
		expect((await runBinary(['runs', 'show', id], { env })).stdout).toMatch(/^work +running/m)
		const tailed = runBinary(['runs', 'tail', id, '--from-start'], { env })
		expect(await runBinary(['runs', 'cancel', id], { env })).toMatchObject({ code: 0, stdout: `${id} is cancelled\n` })
		expect(await tailed).toMatchObject({ code: 3, stdout: expect.stringMatching(/^run .*\n(started .*\n)?/) })
		expect(await runBinary(['runs', 'ls', '--json', '--status', 'cancelled'], { env })).toMatchObject({ code: 0, stderr: '' })
	})

	test('are followed across a crash of the server to their end', async () => {
		using place = tempDir()
		await using server = await startTestServer()
		const mark = join(place.path, 'mark')
		const id = await launch(server.url, `test -e ${mark} || { touch ${mark}; sleep 60; }; echo "{}"`)
		const args = ['runs', 'tail', id, '--from-start', '--url', server.url]
		const tail = Bun.spawn([binaryPath(), ...args], { env: bareEnvironment(place.path), stdout: 'pipe', stderr: 'pipe' })
		const lines: string[] = []
		const reading = (async () => {
			for await (const chunk of tail.stdout) lines.push(...new TextDecoder().decode(chunk).trim().split('\n'))
		})()
		await eventually(() => existsSync(mark) && lines.length >= 2, { what: 'the step works and is seen' })
		await server.restart()
		expect(await tail.exited).toBe(0)
		await reading
		expect(lines.map((line) => line.split('  ')[0])).toEqual(['run', 'started', 'goes on', 'again', 'passed', 'done'])
	})

	test('without a server are exit code 3, with the address and what to do', async () => {
		const { code, stdout, stderr } = await runBinary(['runs', 'ls', '--url', 'http://127.0.0.1:1'])
		expect([code, stdout]).toEqual([3, ''])
		expect(stderr).toBe(
			'mse-server: No server answers at http://127.0.0.1:1. Start one with `mse-server serve`, or name another with --url or MSE_URL.\n',
		)
	})
})
