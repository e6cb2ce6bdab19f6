import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { idleArgv } from '../../../src/backend/hive/idle.ts'
import { type ProcessRow, readProcesses, readVariable } from '../../../src/backend/process/process-table.ts'
import { endTree } from '../../../src/backend/process/tree.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { AGENT_FAULT_NAMES } from '../../../src/kernel/fault.ts'
import { SqliteDatabase } from '../../../src/store/sqlite/database.ts'
import { SqliteHiveAgentStore } from '../../../src/store/sqlite/hive/hive-agent-store.ts'
import { eventually } from '../../support/eventually.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { verifies } from '../../support/verifies.ts'

const program = join(import.meta.dir, '../../fixture/program/hive-server.ts')

interface Answer {
	readonly failure: string | null
	readonly ms: number
	readonly agents: readonly { readonly name: string; readonly state: string; readonly pid: number | null }[]
}

/** Servers that live one after the other on one data directory. What their agents left is ended with it. */
function world(agentScript?: string) {
	const dir = tempDir()
	const servers: Bun.Subprocess[] = []
	const marked = (): readonly ProcessRow[] =>
		readProcesses().filter((row) => readVariable(row.pid, 'HIVE_CAGE_KEY')?.includes(':') && isHere(row))
	const isHere = ({ pid }: ProcessRow): boolean => readVariable(pid, 'HIVE_STATE_DIR')?.startsWith(dir.path) ?? false
	return {
		...{ dir: dir.path, marked },
		/** Lives, and does these; resolves once it did, or died. */
		async live(words = '', fault = ''): Promise<{ readonly pid: number; readonly answers: readonly Answer[]; kill(): Promise<void> }> {
			const env = { ...process.env, MSE_FAULT: fault, ...(agentScript !== undefined && { AGENT_SCRIPT: agentScript }) }
			const commands = words === '' ? [] : words.split(' ')
			const server = Bun.spawn([process.execPath, program, dir.path, ...commands], {
				env,
				stdin: 'ignore',
				stdout: 'pipe',
				stderr: 'inherit',
			})
			servers.push(server)
			const lines: string[] = []
			const wanted = 1 + commands.length / 2
			let rest = ''
			for await (const chunk of server.stdout) {
				rest += new TextDecoder().decode(chunk)
				lines.push(...rest.split('\n').slice(0, -1))
				rest = rest.slice(rest.lastIndexOf('\n') + 1)
				if (lines.length >= wanted) break
			}
			const kill = async (): Promise<void> => {
				server.kill('SIGKILL')
				await server.exited
			}
			return { pid: server.pid, answers: lines.slice(1).map((line) => JSON.parse(line) as Answer), kill }
		},
		/** What the database says, once nobody has it open. */
		async stored() {
			using db = new SqliteDatabase({ path: join(dir.path, 'mse.db'), clock: systemClock })
			return (await new SqliteHiveAgentStore(db).list()).map(({ name, state }) => `${name} ${state}`)
		},
		async [Symbol.asyncDispose]() {
			for (const server of servers) {
				server.kill('SIGKILL')
				await server.exited
			}
			await endTree((row) => isHere(row), { clock: systemClock, killGraceMs: 0 })
			dir[Symbol.dispose]()
		},
	}
}

describe('agents of a server that is killed', () => {
	test('live on, and the next life takes them back as they are', async () => {
		verifies('08.55', '08.78')
		await using there = world('while :; do echo alive; sleep 0.05; done')
		const first = await there.live('spawn alice spawn bob kill bob')
		expect(first.answers.map(({ failure }) => failure)).toEqual([null, null, null])
		expect(first.answers[0]?.ms).toBeGreaterThanOrEqual(500)
		expect(Math.min(...first.answers.slice(0, 2).map(({ ms }) => ms))).toBeLessThan(3000)
		const pid = first.answers[2]?.agents[0]?.pid ?? 0
		await first.kill()
		expect(readProcesses().some((row) => row.pid === pid)).toBe(true)

		const second = await there.live('spawn alice')
		expect(second.answers[0]).toMatchObject({
			failure: 'agent "alice" already exists',
			agents: [
				{ name: 'alice', state: 'running', pid },
				{ name: 'bob', state: 'stopped', pid: null },
			],
		})
		const log = join(there.dir, 'hive/agents/alice/logs/harness.log')
		const before = readFileSync(log, 'utf8').length
		await eventually(() => readFileSync(log, 'utf8').length > before, { what: 'alice goes on' })
		expect(there.marked().filter((row) => row.session === row.pid)).toHaveLength(1)
		await second.kill()

		const third = await there.live('kill alice')
		expect(third.answers[0]).toMatchObject({ failure: null, agents: [{ name: 'alice', state: 'stopped' }, { name: 'bob' }] })
		expect(there.marked()).toEqual([])
	}, 30_000)

	test('one that ended meanwhile has failed', async () => {
		verifies('08.55')
		await using there = world()
		const first = await there.live('spawn alice')
		const pid = first.answers[0]?.agents[0]?.pid ?? 0
		await first.kill()
		process.kill(pid, 'SIGKILL')
		await eventually(() => !readProcesses().some((row) => row.pid === pid), { what: 'alice is gone' })
		await (await there.live()).kill()
		expect(await there.stored()).toEqual(['alice failed'])
	}, 30_000)

	test.each([...AGENT_FAULT_NAMES])(
		'at %s never run twice, and a spawn that nobody heard of is undone',
		async (point) => {
			await using there = world('echo $$ >> "$HIVE_STATE_DIR/pids"; while :; do sleep 0.05; done')
			expect((await there.live('spawn alice', point)).answers).toEqual([])
			await (await there.live()).kill()
			expect([await there.stored(), there.marked()]).toEqual([['alice destroyed'], []])
			const again = await there.live('spawn alice')
			expect(again.answers[0]).toMatchObject({ failure: null, agents: [{ name: 'alice', state: 'running' }] })
			expect(there.marked().filter((row) => row.session === row.pid)).toHaveLength(1)
		},
		30_000,
	)

	test.each(['agent.after_create:2', 'agent.after_start:2', 'agent.before_commit:2'])(
		'at %s a restart is finished',
		async (point) => {
			await using there = world('while :; do sleep 0.05; done')
			const first = await there.live('spawn alice restart alice', point)
			expect(first.answers).toHaveLength(1)
			const second = await there.live('spawn bob')
			const alice = second.answers[0]?.agents[0]
			expect(alice).toMatchObject({ name: 'alice', state: 'running' })
			expect(alice?.pid).not.toBe(first.answers[0]?.agents[0]?.pid ?? null)
			const leaders = there.marked().filter((row) => row.session === row.pid)
			expect(leaders.map(({ pid }) => pid)).toContain(alice?.pid ?? 0)
			expect(leaders).toHaveLength(2)
		},
		30_000,
	)
})

test('the idle agent stays alive, does nothing, and goes when it is told to', async () => {
	const idle = Bun.spawn([...idleArgv()], { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
	expect(await Promise.race([idle.exited, Bun.sleep(300).then(() => 'alive')])).toBe('alive')
	idle.kill('SIGTERM')
	await idle.exited
	expect([idle.signalCode, await new Response(idle.stdout).text(), await new Response(idle.stderr).text()]).toEqual(['SIGTERM', '', ''])
})
