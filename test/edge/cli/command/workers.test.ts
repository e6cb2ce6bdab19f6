import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { workersCommand } from '../../../../src/edge/cli/command/workers.ts'
import { runCli } from '../../../../src/edge/cli/run.ts'
import { eventually } from '../../../support/eventually.ts'
import { tempDir } from '../../../support/temp-dir.ts'
import { testServer } from '../../../support/test-server.ts'
import { fakeTerminal } from '../terminal.ts'

async function type(url: string, ...args: readonly string[]) {
	const terminal = fakeTerminal({ env: { MSE_URL: url } })
	const code = await runCli(['workers', ...args], [workersCommand], terminal)
	return { code, stdout: terminal.stdout, stderr: terminal.stderr }
}

test('a worker is created, told, listed, ended and forgotten', async () => {
	await using server = await testServer()
	const { url } = server
	expect((await type(url, 'ls')).stdout).toBe('There are no workers.\n')
	const created = await type(url, 'create', '--profile', 'builtin:echo', '--name', 'Ada', '--input', 'one')
	expect(created).toMatchObject({ code: 0, stdout: 'worker-00000001\n' })
	expect((await type(url, 'input', 'worker-00000001', 'two')).code).toBe(0)
	expect((await type(url, 'ls')).stdout).toMatch(/^worker-00000001 {2}running {2}\w+ +builtin:echo {2}\d lines {2}Ada\n$/)
	const kept = await type(url, 'rm', 'worker-00000001')
	expect([kept.code, kept.stderr]).toEqual([1, expect.stringContaining('must be stopped before deletion')])
	expect((await type(url, 'stop', 'worker-00000001', '--reason', 'enough')).stdout).toBe('worker-00000001 is stopped\n')
	expect((await type(url, 'ls', '--status', 'running')).stdout).toBe('There are no workers.\n')
	const { stdout } = await type(url, 'tail', 'worker-00000001', '--from-start')
	expect(stdout.split('\n')).toEqual(expect.arrayContaining(['worker.created', 'user_message  two', 'text_done  two', 'worker.stopped']))
	expect((await type(url, 'rm', 'worker-00000001')).stdout).toBe('worker-00000001 is gone\n')
})

test('a worker is created by the profile that is named, and no word is passed over', async () => {
	await using server = await testServer()
	const { url } = server
	const refused = await type(url, 'create', 'process:none')
	expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('there is no profile `process:none`')])
	expect((await type(url, 'create', 'builtin:echo')).stdout).toBe('worker-00000002\n')
	expect((await type(url, 'create', 'builtin:echo', '--profile', 'http:x')).stderr).toContain('Which profile, "builtin:echo" or "http:x"?')
	for (const words of [
		['ls', 'running'],
		['create', 'builtin:echo', 'hello'],
		['stop', 'worker-00000002', 'now'],
	]) {
		const { code, stderr } = await type(url, ...words)
		expect([code, stderr]).toEqual([2, expect.stringContaining(`does not know what to do with "${words.at(-1)}"`)])
	}
	expect(((await server.call('GET', '/v1/workers')).body.workers as unknown[]).length).toBe(1)
})

test('text files come along with a turn, and what is none is refused before anything is sent', async () => {
	await using server = await testServer()
	using dir = tempDir()
	const { url } = server
	const file = (name: string, content: string | Uint8Array): string => {
		writeFileSync(join(dir.path, name), content)
		return join(dir.path, name)
	}
	const [notes, plan] = [file('notes.md', '# Notes: ünï'), file('plan.json', '{"a": 1}')]
	await type(url, 'create', 'builtin:echo', '--input', 'read', '--attach', notes)
	expect(await type(url, 'input', 'worker-00000001', 'and these', '--attach', notes, '--attach', plan)).toMatchObject({
		code: 0,
		stderr: '',
	})
	const { transcript } = (await server.call('GET', '/v1/workers/worker-00000001/transcript?start=0&limit=100')).body
	const asked: string[][] = transcript.items
		.filter(({ role }: { role: string }) => role === 'user')
		.map(({ attachments }: never) => attachments)
	expect(asked.map((ids) => ids.length)).toEqual([1, 2])
	const texts = await Promise.all(asked.flat().map(async (id) => (await server.call('GET', `/v1/data/${id}`)).body))
	expect(JSON.stringify(texts)).toContain('# Notes: ünï')
	const refused = [
		[file('picture.png', new Uint8Array([0x89, 0x50, 0xff])), 'is no text'],
		[join(dir.path, 'nothing'), 'cannot be attached'],
	] as const
	for (const [path, why] of refused) {
		const { code, stderr } = await type(url, 'input', 'worker-00000001', 'x', '--attach', notes, '--attach', path)
		expect([code, stderr]).toEqual([2, expect.stringContaining(why)])
	}
	expect((await type(url, 'create', 'builtin:echo', '--attach', notes)).stderr).toContain('--attach needs --input')
})

test('a wrong call says what is missing', async () => {
	const url = 'http://127.0.0.1:1'
	expect((await type(url, 'dance', 'x')).code).toBe(2)
	expect((await type(url)).stderr).toContain('What is to be done with workers?')
	expect((await type(url, 'stop')).stderr).toContain('Which worker?')
	expect((await type(url, 'input', 'worker-00000001')).stderr).toContain('What shall it be told?')
	expect((await type(url, 'ls', '--status', 'asleep')).stderr).toContain('running, stopped, cancelled')
})

const PULL = JSON.stringify({ farm: { kind: 'http', mode: 'pull' } })

test('turns of a profile are carried out by a command, whose output is the answer', async () => {
	await using server = await testServer({ 'runtime-profiles': PULL })
	const { url } = server
	await type(url, 'create', '--profile', 'http:farm', '--input', 'hello')
	const well = await type(url, 'serve', 'http:farm', '--once', '--exec', 'tr a-z A-Z; printf " %s %s" "$MSE_WORKER_ID" "$MSE_TURN"')
	expect([well.code, well.stderr]).toEqual([
		0,
		'mse-server: turn 1 of worker-00000001 begins\nmse-server: turn 1 of worker-00000001 done\n',
	])
	await type(url, 'input', 'worker-00000001', 'again')
	const bad = await type(url, 'serve', 'http:farm', '--once', '--exec', 'echo out of paper >&2; exit 3')
	expect([bad.code, bad.stderr]).toEqual([1, expect.stringContaining('turn 3 of worker-00000001| out of paper')])
	const { items } = (await server.call('GET', '/v1/workers/worker-00000001/transcript')).body.transcript
	expect(items.map(({ content }: { content: string }) => content)).toEqual([
		'hello',
		'HELLO worker-00000001 1',
		'again',
		'error: the command ended with 3: out of paper',
	])
})

test('who serves gives the turn back when a signal comes', async () => {
	await using server = await testServer({ 'runtime-profiles': PULL })
	await type(server.url, 'create', '--profile', 'http:farm', '--input', 'hello')
	const terminal = fakeTerminal({ env: { MSE_URL: server.url } })
	const serving = runCli(['workers', 'serve', 'http:farm', '--exec', 'echo working >&2; sleep 60'], [workersCommand], terminal)
	await eventually(() => terminal.stderr.includes('| working'), { what: 'the command' })
	terminal.signal('SIGINT')
	await serving
	const { turns } = (await server.call('GET', '/v1/runtime/turns')).body
	expect(turns).toMatchObject([{ worker_id: 'worker-00000001', state: 'waiting', fence: 1 }])
	expect((await type(server.url, 'serve', 'http:farm')).stderr).toContain('--exec is missing')
	expect((await type(server.url, 'serve', 'http:nobody', '--exec', 'cat')).stderr).toContain('there is no profile `http:nobody`')
})
