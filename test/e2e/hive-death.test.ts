import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readProcess } from '../../src/backend/process/process-table.ts'
import { AGENT_FAULT_NAMES } from '../../src/kernel/fault.ts'
import { connectTo } from '../edge/socket/line-client.ts'
import { proposedRepository } from '../store/git/proposed.ts'
import { tempDir } from '../support/temp-dir.ts'
import { verifies } from '../support/verifies.ts'
import { startTestServer } from './support/server.ts'

/** Says who it is, and would end by itself if a test forgot it. */
const says = (word: string) => ['sh', '-c', `echo $$ ${word} >> "$HIVE_STATE_DIR/lives"; exec sleep 60`]
const toml = (word: string) => `argv = ${JSON.stringify(says(word))}\n`

/** A server whose hive is in a folder that outlives it. */
async function world() {
	const folder = tempDir()
	const [runDir, stateDir] = [join(folder.path, 'run'), join(folder.path, 'state')]
	const config = `[hive]\nstart_grace_ms = 50\nstop_grace_s = 1\n[hive.defaults]\nargv = ${JSON.stringify(says('default'))}\n`
	const server = await startTestServer({ config, env: { HIVE_RUN_DIR: runDir, HIVE_STATE_DIR: stateDir } })
	const ask = async (socket: 'host' | 'manager', request: object): Promise<Record<string, unknown> | null> => {
		const client = await connectTo(join(runDir, socket === 'host' ? 'host.sock' : 'manager/mcp.sock'), socket === 'host' ? 'host' : 'agent')
		try {
			return await client.ask(request)
		} finally {
			client[Symbol.dispose]()
		}
	}
	return {
		...{ server, stateDir, ask },
		/** Which lives of the agent are going on, by what they say. */
		lives(agent: string): readonly string[] {
			const path = join(stateDir, 'agents', agent, 'state/lives')
			const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
			return lines.filter((line) => readProcess(Number(line.split(' ')[0])) !== undefined).map((line) => line.split(' ')[1] ?? '')
		},
		/** How approvals ended, as the manager was told of them. */
		async told(): Promise<readonly string[]> {
			const told: string[] = []
			for (;;) {
				const message = await ask('manager', { cmd: 'recv' })
				if (message?.kind !== 'message') return told
				const { id, status, note } = JSON.parse(String(message.body))
				told.push(`${id} ${status}${note === undefined ? '' : `: ${note}`}`)
			}
		},
		/** Approves, in a life of the server that ends at that point. */
		async approveAndDie(id: number, point: string): Promise<void> {
			await server.restartDoomed({ MSE_FAULT: point })
			expect(await ask('host', { cmd: 'approve', id })).toBe(null)
			await server.ended
			await server.restart()
		},
		async [Symbol.asyncDispose]() {
			const listed = await ask('host', { cmd: 'list' }).catch(() => null)
			for (const name of (listed?.agents ?? []) as string[]) await ask('host', { cmd: 'kill', name })
			await server[Symbol.asyncDispose]()
			folder[Symbol.dispose]()
		},
	}
}

const GRANTING = [
	'approval.before_claim',
	'approval.after_claim',
	...AGENT_FAULT_NAMES,
	'approval.before_end',
	'approval.after_end',
] as const
const INTERRUPTED = '1 failed: interrupted by restart'

describe('a server that dies while a granted spawn is done', () => {
	test.each([...GRANTING])('at %s says afterwards what there is, once', async (point) => {
		verifies('08.63')
		await using hive = await world()
		await hive.ask('host', { cmd: 'request_spawn', name: 'alice' })
		await hive.approveAndDie(1, point)
		if (point === 'approval.before_claim') expect(await hive.ask('host', { cmd: 'approve', id: 1 })).toEqual({ ok: true })
		const isThere = ['approval.before_claim', 'approval.before_end', 'approval.after_end'].includes(point)
		expect(await hive.ask('host', { cmd: 'pending' })).toEqual({ ok: true, approvals: [] })
		expect(await hive.ask('host', { cmd: 'list' })).toEqual({ ok: true, agents: isThere ? ['alice'] : [] })
		expect(hive.lives('alice')).toEqual(isThere ? ['default'] : [])
		expect(await hive.told()).toEqual([isThere ? '1 approved' : INTERRUPTED])
		await hive.server.restart()
		expect(await hive.told()).toEqual([])
	})
})

describe('a server that dies while a granted commit is deployed', () => {
	const POINTS = ['approval.after_claim', 'agent.after_create', 'agent.after_start', 'agent.before_commit', 'approval.before_end'] as const
	test.each([...POINTS])('at %s leaves the agent on one config and the approval with its end', async (point) => {
		verifies('08.63', '08.69')
		await using hive = await world()
		await hive.ask('host', { cmd: 'spawn', name: 'alice' })
		const repository = await proposedRepository(join(hive.stateDir, 'agents/alice/config'))
		const propose = async (word: string): Promise<void> => {
			const commit_ref = await repository.commit({ 'agent.toml': toml(word) })
			expect(await hive.ask('manager', { cmd: 'request_apply_commit', agent: 'alice', commit_ref })).toEqual({ kind: 'ok' })
		}
		await propose('first')
		expect(await hive.ask('host', { cmd: 'approve', id: 1 })).toEqual({ ok: true })
		expect(hive.lives('alice')).toEqual(['first'])
		await propose('second')
		await hive.approveAndDie(2, point)
		const [, end] = await hive.told()
		expect(['2 approved', '2 failed: interrupted by restart']).toContain(end ?? '')
		if (point === 'approval.before_end') expect(end).toBe('2 approved')
		if (point === 'approval.after_claim') expect(end).not.toBe('2 approved')
		expect(hive.lives('alice')).toEqual([end === '2 approved' ? 'second' : 'first'])
		expect(await hive.ask('host', { cmd: 'pending' })).toEqual({ ok: true, approvals: [] })
		await hive.server.restart()
		expect(await hive.told()).toEqual([])
	})
})
