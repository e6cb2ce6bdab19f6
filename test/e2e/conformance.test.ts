import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { LaunchReply } from '../../src/protocol/task.ts'
import { call } from './support/api.ts'
import { httpWorker, joinOperator, obey } from './support/operator.ts'
import { startTestServer } from './support/server.ts'

/** A folder with Blueprints of mlua-swarm, which must run here as they are. They are not ours to keep in this repository. */
const dir = Bun.env.MSE_CONFORMANCE_DIR
const given = describe.skipIf(dir === undefined)
const note = dir === undefined ? ' (left out: MSE_CONFORMANCE_DIR names no folder of them)' : ''

const read = (name: string): unknown => parse(readFileSync(join(dir ?? '', name), 'utf8'))

interface Case {
	readonly name: string
	readonly launch?: object
	readonly ctx: object
	/** Agents in the order in which the operator was asked for them. */
	readonly agents: readonly string[]
}

const pure = { init_ctx: {}, ctx: { x: 10, y: 20, verdict: 'PASS' }, agents: [] }
const mended = { scout: 'SCOUT_OK', plan: 'PLAN_OK', n: 1, fix: 'FIX_OK', verdict: 'PASS', commit: 'COMMITTED' }
const retried = ['mock-scout', 'mock-planner', 'mock-resolver', 'mock-gate', 'mock-commit']
const blocked = { init_ctx: { verdict: 'BLOCKED' } }
const rooted = { project_root: '/tmp' }

const cases: readonly Case[] = [
	{ name: 'v0.1.0/01-pure-ctx-eval.json', ...pure },
	{ name: 'v0.26.0/01-pure-ctx-eval.json', ...pure },
	{ name: 'v0.1.0/02-verdict-loop.json', launch: blocked, ctx: mended, agents: retried },
	{ name: 'v0.26.0/02-verdict-loop.json', launch: { ...blocked, ...rooted }, ctx: mended, agents: retried },
	{
		name: 'v0.26.0/03-fn-override.json',
		ctx: { verdict: 'BLOCKED', approval: 'ALLOW', verdict_final: 'ALLOW', commit: 'COMMITTED' },
		agents: ['mock-gate', 'mock-approver', 'mock-commit'],
	},
]

given(`Blueprints of mlua-swarm run through the binary${note}`, () => {
	test.each(cases)('$name', async ({ name, launch, ctx, agents }) => {
		await using server = await startTestServer()
		await using operator = await joinOperator({ url: server.url, work: httpWorker(server.url, obey) })
		const blueprint = { kind: 'inline', value: read(name) }
		const json = { blueprint, init_ctx: {}, ...launch, operator_sid: operator.sid }
		const { status, body } = await call<LaunchReply>('POST', `${server.url}/v1/tasks`, { json })
		expect(body).toMatchObject({ status: 'done', final_ctx: ctx })
		expect([status, body.final_ctx]).toEqual([200, ctx])
		expect([...operator.asked.values()].map(({ frame }) => frame.agent)).toEqual([...agents])
	})

	test('the verdict loop is left at once when nothing is blocked, and escalates', async () => {
		await using server = await startTestServer()
		await using operator = await joinOperator({ url: server.url, work: httpWorker(server.url, obey) })
		const json = { blueprint: { kind: 'inline', value: read('v0.1.0/02-verdict-loop.json') }, init_ctx: { verdict: 'NONE', fix: 'none' } }
		const { body } = await call<LaunchReply>('POST', `${server.url}/v1/tasks`, { json })
		expect(body.final_ctx).toEqual({ verdict: 'NONE', fix: 'none', scout: 'SCOUT_OK', plan: 'PLAN_OK', n: 0, escalated: 'ESCALATED' })
		expect([...operator.asked.values()].map(({ frame }) => frame.agent)).toEqual(['mock-scout', 'mock-planner', 'mock-escalate'])
	})

	test('a gate that says BLOCKED at first goes through the loop again', async () => {
		await using server = await startTestServer()
		let gates = 0
		const answer: typeof obey = (told) => (told.agent === 'mock-gate' && ++gates === 1 ? 'BLOCKED' : obey(told))
		await using operator = await joinOperator({ url: server.url, work: httpWorker(server.url, answer) })
		const json = { blueprint: { kind: 'inline', value: read('v0.1.0/02-verdict-loop.json') }, ...blocked, operator_sid: operator.sid }
		const { body } = await call<LaunchReply>('POST', `${server.url}/v1/tasks`, { json })
		expect([gates, body.final_ctx]).toEqual([2, { ...mended, n: 2 }])
	})

	test('a strict Blueprint without a folder is refused before anything happens', async () => {
		await using server = await startTestServer()
		await using operator = await joinOperator({ url: server.url, work: httpWorker(server.url, obey) })
		const blueprint = { kind: 'inline', value: read('v0.26.0/02-verdict-loop.json') }
		const json = { blueprint, ...blocked, operator_sid: operator.sid }
		expect(await call('POST', `${server.url}/v1/tasks`, { json })).toMatchObject({ status: 400, body: { code: 'check_policy_needs_root' } })
		expect((await call('GET', `${server.url}/v1/tasks`)).body).toEqual([])
	})

	test.each([
		'v0.26.0/04-after-run-audit-operator.json',
		'v0.1.0/enhance-default_blueprint.yaml',
		'v0.26.0/enhance-default_blueprint.yaml',
	])('%s is stored and comes back as it was sent', async (name) => {
		await using server = await startTestServer()
		const document = read(name) as { id: string }
		const at = `${server.url}/v1/blueprints/${document.id}`
		const stored = await call<{ version: string; diagnostics: { message: string }[] }>('POST', at, { json: document })
		expect(stored).toMatchObject({ status: 201, body: { id: document.id, seeded: true } })
		expect(stored.body.diagnostics).toEqual([])
		const head = await call<{ id: string; version: string; blueprint: unknown }>('GET', `${at}/head`)
		expect(head.body).toEqual({ id: document.id, version: stored.body.version, blueprint: document })
		expect(await call('POST', at, { json: head.body.blueprint })).toMatchObject({ status: 200, body: { seeded: false } })
	})
})
