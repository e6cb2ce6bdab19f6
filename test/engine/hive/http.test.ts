import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { hivePaths } from '../../../src/core/hive/hive-path.ts'
import { askSocket } from '../../../src/edge/client/hive-socket.ts'
import type { Event } from '../../../src/protocol/event.ts'
import { proposedRepository, TOML } from '../../store/git/proposed.ts'
import { eventually } from '../../support/eventually.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { type TestServer, testServer } from '../../support/test-server.ts'
import { verifies } from '../../support/verifies.ts'

/** A whole server with a hive of its own, and its sockets. */
async function hiveServer() {
	const dir = tempDir()
	const [runDir, stateDir] = [join(dir.path, 'run'), join(dir.path, 'state')]
	const server = await testServer({ 'hive-run-dir': runDir, 'hive-state-dir': stateDir, 'hive-start-grace-ms': '0' })
	const paths = hivePaths(runDir)
	return {
		...{ ...server, stateDir },
		host: (request: object) => askSocket(paths.hostSocket, request),
		manager: (request: object) => askSocket(paths.managerSocket, request),
		async [Symbol.asyncDispose]() {
			await server[Symbol.asyncDispose]()
			dir[Symbol.dispose]()
		},
	}
}

const OK = '{"ok":true}'
const ask = (server: Pick<TestServer, 'call'>, id: string) => server.call('POST', '/v1/approvals', { subject: { type: 'deploy', id } })

test('the operator socket lists spawns and commits alone, resolves every kind, and never tells what was fetched', async () => {
	verifies('08.71', '08.72')
	await using server = await hiveServer()
	const repository = await proposedRepository(join(server.stateDir, 'agents/manager/config'))
	const sha = await repository.commit({ 'agent.toml': TOML })
	for (const id of ['1', '2', '3', '4', '5']) expect((await ask(server, id)).status).toBe(201)
	expect(await server.host({ cmd: 'pending' })).toBe('{"ok":true,"approvals":[]}')
	expect(await server.manager({ cmd: 'request_apply_commit', agent: 'manager', commit_ref: sha.slice(0, 8) })).toBe('{"kind":"ok"}')
	expect(await server.host({ cmd: 'request_spawn', name: 'alice' })).toBe(OK)

	const line = await server.host({ cmd: 'pending' })
	const { approvals } = JSON.parse(line) as { approvals: { id: number; kind: string }[] }
	expect(approvals.map(({ id, kind }) => [id, kind])).toEqual([
		[6, 'apply_commit'],
		[7, 'spawn'],
	])
	expect(line).not.toContain(sha)
	const { body } = await server.call('GET', '/v1/hive/config/manager/proposals/6/diff')
	expect(body).toMatchObject({ agent: 'manager', base_sha: null, fetched_sha: sha, files: [{ path: 'agent.toml', change: 'added' }] })

	expect(await server.host({ cmd: 'approve', id: 3 })).toBe(OK)
	expect(await server.host({ cmd: 'deny', id: 4, note: 'not today' })).toBe(OK)
	expect((await server.call('GET', '/v1/approvals/3')).body).toMatchObject({ status: 'approved', kind: 'custom' })
	expect((await server.call('GET', '/v1/approvals/4')).body).toMatchObject({ status: 'denied', note: 'not today' })
})

/** Reads the stream until it had `count` events, and goes away; where to go on is in the last one. */
async function readSome(url: string, after: number, count: number): Promise<readonly Event[]> {
	const left = new AbortController()
	const headers = after === 0 ? {} : { 'last-event-id': String(after) }
	const answer = await fetch(`${url}/v1/events?kind=hive.,message.,approval.`, { headers, signal: left.signal })
	const events: Event[] = []
	let rest = ''
	const decoder = new TextDecoder()
	for await (const chunk of answer.body ?? []) {
		rest += decoder.decode(chunk, { stream: true })
		const blocks = rest.split('\n\n')
		rest = blocks.pop() ?? ''
		for (const block of blocks) {
			const data = block.split('\n').find((line) => line.startsWith('data: '))
			if (data !== undefined) events.push(JSON.parse(data.slice(6)) as Event)
		}
		if (events.length >= count) break
	}
	left.abort()
	return events
}

test('a reader that comes back again and again sees each fact of the hive and of approvals once, in order', async () => {
	verifies('08.76')
	await using server = await hiveServer()
	const work = (async () => {
		for (let n = 0; n < 30; n++) {
			await Promise.all([
				server.manager({ cmd: 'send', to: 'operator', body: `${n}` }),
				server.host({ cmd: 'operator_send', to: 'manager', body: `${n}` }),
				server.host({ cmd: 'request_spawn', name: `agent-${n}` }),
			])
			await server.manager({ cmd: 'recv' })
			await server.host({ cmd: 'deny', id: n + 1 })
		}
	})()
	const seen: Event[] = []
	// Per round: three messages, of which one tells the manager of the denial, one delivery, and an approval asked for and denied.
	const total = 30 * 6
	while (seen.length < total) seen.push(...(await readSome(server.url, seen.at(-1)?.seq ?? 0, Math.min(7, total - seen.length))))
	await work
	const all = await (await fetch(`${server.url}/v1/events?kind=hive.,message.,approval.&follow=false`)).text()
	const seqs = [...all.matchAll(/^id: (\d+)\ndata:/gm)].map(([, seq]) => Number(seq))
	expect(seen.map(({ seq }) => seq)).toEqual(seqs)
	const kinds = new Set(seen.map(({ kind }) => kind))
	expect([...kinds].sort()).toEqual(['approval.denied', 'approval.requested', 'message.delivered', 'message.sent'] as never)
})

test('every life of an agent is in the log', async () => {
	await using server = await hiveServer()
	expect(await server.host({ cmd: 'spawn', name: 'alice' })).toBe(OK)
	for (const verb of ['stop', 'start', 'pause', 'resume', 'rebuild'])
		expect((await server.call('POST', `/v1/hive/agents/alice/${verb}`)).status).toBe(200)
	expect((await server.call('GET', '/v1/hive/agents/alice')).body).toMatchObject({
		state: 'running',
		backend: 'process',
		live: { running: true },
	})
	expect((await server.call('DELETE', '/v1/hive/agents/alice?purge=true')).status).toBe(200)
	const log = await eventually(async () => (await fetch(`${server.url}/v1/events?kind=hive.&follow=false`)).text(), { what: 'the log' })
	expect([...log.matchAll(/"kind":"hive\.agent_(\w+)"/g)].map(([, kind]) => kind)).toEqual([
		...['spawned', 'stopped', 'started', 'paused', 'resumed', 'rebuilt', 'destroyed', 'purged'],
	])
}, 30_000)

test('a server that runs no agents says so over HTTP', async () => {
	await using server = await testServer()
	const { status, body } = await server.call('GET', '/v1/hive/agents')
	expect([status, body.code, body.hint]).toEqual([503, 'no_agents', expect.stringContaining('doctor')])
})
