import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '../../support/eventually.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { bareEnvironment, binaryPath } from '../support/binary.ts'
import { startTestServer } from '../support/server.ts'
import { PATIENCE_MS, send } from './client.ts'
import { at, type Document, lit, settled, step } from './work.ts'

const LIMIT_MS = 90_000
const within = PATIENCE_MS

test(
	'an operator on the command line does the steps of a fan-out',
	async () => {
		await using server = await startTestServer()
		await using operator = startOperator(server.url, 'tr a-z A-Z', '--role', 'main')
		await operator.says('waits for work')
		const words = ['one', 'two', 'three', 'four', 'five']
		const lane = { kind: 'step', ref: 'worker', in: at('$.word'), out: at('$.said') }
		const flow = { kind: 'fanout', items: lit(words), bind: at('$.word'), body: lane, join: 'all', out: at('$.lanes') }
		const run = await settled(server.url, await launch(server.url, document(flow)))
		expect(run).toMatchObject({ status: 'done', result_ref: { lanes: words.map((word) => ({ said: word.toUpperCase() })) } })
		expect(await operator.end('SIGTERM')).toBe(0)
	},
	LIMIT_MS,
)

test(
	'a command that runs while the server dies is not begun again, and its result decides the step',
	async () => {
		await using server = await startTestServer()
		using folder = tempDir()
		const [begun, go] = [join(folder.path, 'begun'), join(folder.path, 'go')]
		const exec = `echo begun >> ${begun}; while [ ! -e ${go} ]; do sleep 0.02; done; echo survived`
		await using operator = startOperator(server.url, exec, '--role', 'main', '--json')
		await operator.says('"connected"')
		const id = await launch(server.url, document(step('worker', '$.said')))
		await eventually(() => existsSync(begun), { within, what: 'the command runs' })
		await server.restart()
		await Bun.write(go, '')
		expect(await settled(server.url, id)).toMatchObject({ status: 'done', result_ref: { said: 'survived' } })
		await operator.says('"receipted"')
		expect(readFileSync(begun, 'utf8')).toBe('begun\n')
	},
	LIMIT_MS,
)

test(
	'an operator that died in the middle of a step does it when it comes back',
	async () => {
		await using server = await startTestServer()
		using folder = tempDir()
		const [begun, go] = [join(folder.path, 'begun'), join(folder.path, 'go')]
		const exec = `echo begun >> ${begun}; until [ -e ${go} ] || ! kill -0 $PPID; do sleep 0.02; done; echo survived`
		const args = ['--role', 'main', '--session-file', join(folder.path, 'session.json')]
		await using first = startOperator(server.url, exec, ...args)
		await first.says('waits for work')
		const id = await launch(server.url, document(step('worker', '$.said')))
		await eventually(() => existsSync(begun), { within, what: 'the command runs' })
		await first.end('SIGKILL')
		await Bun.write(go, '')
		await using _second = startOperator(server.url, exec, ...args)
		const run = await settled(server.url, id)
		expect(run).toMatchObject({ status: 'done', result_ref: { said: 'survived' }, step_entries: [{ attempt: 1 }] })
		expect(readFileSync(begun, 'utf8')).toBe('begun\nbegun\n')
	},
	LIMIT_MS,
)

test(
	'the newer of two operators on one session has it, and the older ends',
	async () => {
		await using server = await startTestServer()
		using folder = tempDir()
		const args = ['--role', 'main', '--session-file', join(folder.path, 'session.json')]
		await using older = startOperator(server.url, 'echo older', ...args)
		await older.says('waits for work')
		await using newer = startOperator(server.url, 'echo newer', ...args)
		await newer.says('waits for work')
		await older.says('another client took the session over')
		expect(await older.exited).toBe(1)
		const id = await launch(server.url, document(step('worker', '$.said')))
		expect(await settled(server.url, id)).toMatchObject({ status: 'done', result_ref: { said: 'newer' } })
	},
	LIMIT_MS,
)

/** Its one agent is done by whoever has the role `main`. */
function document(flow: object): Document {
	return { id: 'reference', flow, agents: [{ name: 'worker', kind: 'operator', spec: { operator_ref: 'main' } }] }
}

async function launch(url: string, value: Document): Promise<string> {
	const response = await send(url, 'POST', '/v1/tasks', { blueprint: { kind: 'inline', value }, init_ctx: {}, detach: true })
	if (!response.ok) throw new Error(`launch: ${response.status} ${await response.text()}`)
	return ((await response.json()) as { run_id: string }).run_id
}

function startOperator(url: string, exec: string, ...args: string[]) {
	const home = tempDir()
	const child = Bun.spawn([binaryPath(), 'operator', '--url', url, '--exec', exec, ...args], {
		cwd: home.path,
		env: bareEnvironment(home.path),
		stdin: 'ignore',
		stdout: 'pipe',
		stderr: 'pipe',
	})
	const said = { text: '' }
	const read = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
		for await (const chunk of stream) said.text += new TextDecoder().decode(chunk)
	}
	const drained = Promise.all([read(child.stdout), read(child.stderr)])
	const end = async (signal: NodeJS.Signals): Promise<number | null> => {
		child.kill(signal)
		await child.exited
		return child.exitCode
	}
	return {
		end,
		exited: child.exited,
		says: (text: string) => eventually(() => said.text.includes(text), { within, what: `the operator says ${text}` }),
		async [Symbol.asyncDispose]() {
			await end('SIGKILL')
			await drained
			home[Symbol.dispose]()
		},
	}
}
