import { describe, expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cage, CagedAgent } from '../../src/core/hive/cage.ts'
import { eventually } from '../support/eventually.ts'

export interface OpenedCage extends AsyncDisposable {
	readonly cage: Cage
	/** An agent with folders of its own that runs a script of `sh`. */
	agent(name: string, script: string, over?: Partial<CagedAgent>): Promise<CagedAgent>
	/** The cage as another life of the server has it. */
	again(): Cage
}

/** Tells what it was given, in the place that lasts. */
const TELL = 'echo "$HIVE_LABEL $HIVE_ROLE $HIVE_SOCKET $HIVE_STATE_DIR $GREETING $PWD" > "$HIVE_STATE_DIR/told"'
const STAY = 'while :; do sleep 0.05; done'
const GRACE_MS = 5000

/** `skipped` says why the cage cannot be tried here; its facts are then shown as skipped with it. */
export function cageContract(title: string, open: () => Promise<OpenedCage>, skipped?: string): void {
	const isSkipped = skipped !== undefined
	describe.skipIf(isSkipped)(`Cage: ${title}${isSkipped ? ` (skipped: ${skipped})` : ''}`, () => {
		test('a program runs until it is stopped, and is not there before or afterwards', async () => {
			await using opened = await open()
			const { cage } = opened
			const agent = await opened.agent('alice', `trap 'exit 0' TERM; echo up > "$HIVE_STATE_DIR/told"; ${STAY}`)
			expect(await cage.inspect('alice')).toMatchObject({ running: false })
			await whatIsTold(opened, agent)
			expect(await cage.inspect('alice')).toMatchObject({ exists: true, running: true })
			expect(await cage.stop('alice', GRACE_MS)).toMatchObject({ running: false })
			expect(await cage.stop('alice', GRACE_MS)).toMatchObject({ running: false })
			await cage.remove('alice')
			await cage.remove('alice')
			expect(await cage.inspect('alice')).toEqual({ exists: false, running: false })
		})

		test('it knows who it is, where its own things are, and what its spec sets', async () => {
			await using opened = await open()
			const agent = await opened.agent('alice', `${TELL}; ${STAY}`, { env: { GREETING: 'hello' } })
			const told = await whatIsTold(opened, agent)
			const [label, role, socket, state, greeting, folder] = told.trim().split(' ')
			expect([label, role, greeting, folder === state]).toEqual(['alice', 'agent', 'hello', true])
			expect(socket).toEndWith('/mcp.sock')
			await opened.cage.stop('alice', 0)
		})

		test('what it writes is kept in order, and the newest lines are given', async () => {
			await using opened = await open()
			const agent = await opened.agent(
				'lola',
				'for n in 1 2 3; do echo "line $n"; done; echo oops >&2; echo done > "$HIVE_STATE_DIR/told"; sleep 60',
			)
			await whatIsTold(opened, agent)
			await eventually(async () => (await opened.cage.logs(agent, 10)).includes('oops'), { what: 'the log' })
			expect((await opened.cage.logs(agent, 10)).trim().split('\n').sort()).toEqual(['line 1', 'line 2', 'line 3', 'oops'])
			expect((await opened.cage.logs(agent, 1)).trim().split('\n')).toHaveLength(1)
			await opened.cage.stop('lola', 0)
		})

		test('one that ends by itself is seen with its exit code', async () => {
			await using opened = await open()
			const agent = await opened.agent('alice', 'exit 7')
			await opened.cage.create(agent)
			await opened.cage.start(agent)
			await eventually(async () => !(await opened.cage.inspect('alice')).running, { what: 'it ended' })
			expect(await opened.cage.inspect('alice')).toMatchObject({ running: false, exitCode: 7 })
			expect(await opened.cage.stop('alice', GRACE_MS)).toMatchObject({ exitCode: 7 })
		})

		test('one that heeds TERM may end well, and one that does not is killed after the grace', async () => {
			await using opened = await open()
			const polite = await opened.agent(
				'alice',
				`trap 'echo bye > "$HIVE_STATE_DIR/bye"; exit 0' TERM; echo up > "$HIVE_STATE_DIR/told"; ${STAY}`,
			)
			await whatIsTold(opened, polite)
			await opened.cage.stop('alice', GRACE_MS)
			expect(readFileSync(join(polite.home.state, 'bye'), 'utf8')).toBe('bye\n')
			const stubborn = await opened.agent('bob', `trap '' TERM; echo up > "$HIVE_STATE_DIR/told"; (${STAY}) & ${STAY}`)
			await whatIsTold(opened, stubborn)
			expect(await opened.cage.stop('bob', 100)).toMatchObject({ running: false })
		})

		test('another life of the server takes back what it is told of, and nothing else', async () => {
			await using opened = await open()
			const agent = await opened.agent('alice', STAY)
			await opened.cage.create(agent)
			const handle = await opened.cage.start(agent)
			const later = opened.again()
			expect(await later.adopt('alice', JSON.parse(JSON.stringify(handle)))).toMatchObject({ exists: true, running: true })
			for (const other of [{}, Object.fromEntries(Object.keys(handle).map((key) => [key, 'other']))])
				expect(await opened.again().adopt('alice', other)).toMatchObject({ running: false })
			expect(await later.stop('alice', 1000)).toMatchObject({ running: false })
			expect(await opened.cage.inspect('alice')).toMatchObject({ running: false })
		})

		test('a start ends what another life left under the name without a word', async () => {
			await using opened = await open()
			const count = async (agent: CagedAgent): Promise<number> => {
				writeFileSync(join(agent.home.state, 'ticks'), '')
				await eventually(() => readFileSync(join(agent.home.state, 'ticks'), 'utf8').length > 30, { what: 'ticks' })
				return new Set(readFileSync(join(agent.home.state, 'ticks'), 'utf8').trim().split('\n')).size
			}
			const script = 'me=$(cat /proc/sys/kernel/random/uuid); while :; do echo "$me" >> "$HIVE_STATE_DIR/ticks"; sleep 0.01; done'
			const agent = await opened.agent('alice', script)
			await opened.cage.create(agent)
			await opened.cage.start(agent)
			expect(await count(agent)).toBe(1)
			const later = opened.again()
			await later.start(agent)
			expect(await count(agent)).toBe(1)
			await later.stop('alice', 0)
		})

		test('a program may be run beside it, as the agent', async () => {
			await using opened = await open()
			const agent = await opened.agent('alice', STAY)
			await opened.cage.create(agent)
			await opened.cage.start(agent)
			expect(await opened.cage.exec(agent, ['sh', '-c', 'echo said; exit 3'])).toEqual({ exitCode: 3, output: 'said\n' })
			await opened.cage.stop('alice', 0)
		})
	})
}

async function whatIsTold({ cage }: OpenedCage, agent: CagedAgent): Promise<string> {
	await cage.create(agent)
	await cage.start(agent)
	return eventually(() => readFileSync(join(agent.home.state, 'told'), 'utf8') || null, { what: 'it told' })
}
