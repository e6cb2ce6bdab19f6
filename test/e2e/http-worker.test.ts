import { describe, expect, test } from 'bun:test'
import type { LaunchReply } from '../../src/protocol/task.ts'
import { verifies } from '../support/verifies.ts'
import { call } from './support/api.ts'
import { fetchPrompt, httpWorker, joinHeldOperator, joinOperator, obey, type SpawnFrame } from './support/operator.ts'
import { startTestServer } from './support/server.ts'

const path = (at: string) => ({ op: 'path', at })
const ack = { type: 'spawn_ack', value: {}, ok: true } as const

const agent = (name: string, more: object = {}) => ({
	name,
	kind: 'operator',
	spec: { operator_ref: 'main-ai' },
	profile: { system_prompt: `You are the ${name}.` },
	...more,
})

/** Agents one after the other, each with what the one before said as its prompt. */
const chain = (...agents: readonly ReturnType<typeof agent>[]) => ({
	id: 'chain',
	flow: {
		kind: 'seq',
		children: agents.map(({ name }, index) => ({
			kind: 'step',
			ref: name,
			in: path(index === 0 ? '$.wish' : `$.${agents[index - 1]?.name}`),
			out: path(`$.${name}`),
		})),
	},
	agents,
	operators: [{ name: 'main-ai' }],
})

const launch = (url: string, value: object, more: object = {}) =>
	call<LaunchReply>('POST', `${url}/v1/tasks`, { json: { blueprint: { kind: 'inline', value }, init_ctx: { wish: 'tea' }, ...more } })

const submit = (url: string, { worker_handle = '' }: SpawnFrame, text: string, query = '') =>
	call('POST', `${url}/v1/worker/submit${query}`, { bearer: worker_handle, text })

describe('a worker over HTTP', () => {
	test('is told who it is, what to do and where it works, by the handle of its frame alone', async () => {
		verifies('06.93')
		await using server = await startTestServer()
		await using operator = await joinHeldOperator(server.url)
		const folders = { project_root: '/srv/kitchen', work_dir: '/srv/kitchen/stove' }
		const launched = launch(server.url, chain(agent('cook')), { ...folders, task_metadata: { table: 4 }, goal: 'Serve tea.' })
		const frame = await operator.frameFor('cook')
		const told = await fetchPrompt(server.url, frame)
		expect(told).toMatchObject({ task_id: frame.task_id, attempt: 1, agent: 'cook', system: 'You are the cook.', prompt: 'tea' })
		expect(told?.context).toMatchObject({ ...folders, task_metadata: { table: 4 } })
		expect((await call<{ goal: string }[]>('GET', `${server.url}/v1/tasks`)).body).toMatchObject([{ goal: 'Serve tea.' }])
		expect(frame.directive).toContain(`base_url: ${server.url}\ntask_id: ${frame.task_id}`)
		operator.reply('cook', { ...ack, value: 'served' })
		expect((await launched).body.final_ctx).toEqual({ wish: 'tea', cook: 'served' })
	})

	test('hands on to the next one: what is said, JSON in it, and its parts', async () => {
		await using server = await startTestServer()
		const prompts: string[] = []
		const work = httpWorker(server.url, (told) => {
			prompts.push(told.prompt)
			return told.agent === 'cook' ? '```json\n{"cups": 2}\n```' : 'poured\n'
		})
		await using _operator = await joinOperator({ url: server.url, work })
		const { body } = await launch(server.url, chain(agent('cook'), agent('waiter')))
		expect(prompts).toEqual(['tea', '{"cups":2}'])
		expect(body.final_ctx).toEqual({ wish: 'tea', cook: { cups: 2 }, waiter: 'poured' })
	})

	test('may change its mind until its step ends, and is too late afterwards', async () => {
		verifies('04.33')
		await using server = await startTestServer()
		await using operator = await joinHeldOperator(server.url)
		const launched = launch(server.url, chain(agent('cook')))
		const frame = await operator.frameFor('cook')
		expect((await submit(server.url, frame, 'coffee')).status).toBe(204)
		expect((await submit(server.url, frame, 'tea')).status).toBe(204)
		operator.reply('cook', ack)
		expect((await launched).body.final_ctx).toEqual({ wish: 'tea', cook: 'tea' })
		expect(await submit(server.url, frame, 'water')).toMatchObject({ status: 410, body: { code: expect.any(String) } })
		expect((await launched).body.final_ctx).toEqual({ wish: 'tea', cook: 'tea' })
	})

	test('is held to the words of its verdict, and a blocked step fails the run with them', async () => {
		await using server = await startTestServer()
		await using operator = await joinHeldOperator(server.url)
		const gate = agent('gate', { verdict: { channel: 'body', values: ['PASS', 'BLOCKED'] } })
		const launched = launch(server.url, chain(gate))
		const frame = await operator.frameFor('gate')
		expect((await submit(server.url, frame, 'MAYBE')).status).toBe(422)
		expect((await submit(server.url, frame, 'PASS', '?verdict=blocked&ok=true')).status).toBe(400)
		expect((await submit(server.url, frame, 'BLOCKED', '?verdict=blocked')).status).toBe(204)
		operator.reply('gate', ack)
		const { status, body } = await launched
		expect(status).toBe(400)
		expect(body).toMatchObject({
			details: {
				failed_step: 'gate',
				verdict_value: 'BLOCKED',
				partial_ctx: { steps: { [frame.task_id]: { status: 'blocked', step_ref: 'gate' } } },
			},
		})
	})

	test('has no say in the step of another, nor with a handle that was never given out', async () => {
		await using server = await startTestServer()
		await using operator = await joinHeldOperator(server.url)
		const fork = { ...chain(agent('cook')), flow: bothAtOnce }
		const both = { ...fork, agents: [agent('cook'), agent('waiter')] }
		const launched = launch(server.url, both)
		const [cook, waiter] = await Promise.all([operator.frameFor('cook'), operator.frameFor('waiter')])
		const foreign = `${server.url}/v1/worker/prompt?task_id=${waiter.task_id}`
		expect((await call('GET', foreign, { bearer: cook.worker_handle ?? '' })).status).toBe(403)
		expect((await call('GET', foreign, { bearer: 'wh-0123456789abcdef' })).status).toBe(401)
		expect((await submit(server.url, { ...cook, worker_handle: 'wh-0123456789abcdef' }, 'mine')).status).toBe(401)
		operator.reply('cook', { ...ack, value: 'c' })
		operator.reply('waiter', { ...ack, value: 'w' })
		expect((await launched).body).toMatchObject({ status: 'done' })
	})

	test('leaves data for the next one, who finds it by name in its own run first', async () => {
		await using server = await startTestServer()
		await using operator = await joinHeldOperator(server.url)
		const emit = (frame: SpawnFrame, value: string) => {
			const event = { type: 'artifact', name: 'recipe', content: { kind: 'inline', value } }
			const json = { task_id: frame.task_id, attempt: frame.attempt, event }
			return call<{ out_id: string }>('POST', `${server.url}/v1/data/recipe`, { bearer: frame.capability_token, json })
		}
		await using other = await joinHeldOperator(server.url, ['second'])
		const mine = launch(server.url, chain(agent('cook')))
		const theirs = launch(server.url, chain(agent('baker', { spec: { operator_ref: 'second' } })))
		const [cook, baker] = [await operator.frameFor('cook'), await other.frameFor('baker')]
		const [first, second] = [await emit(cook, 'leaves'), await emit(baker, 'flour')]
		const seen = async (bearer?: string) => (await call('GET', `${server.url}/v1/data/recipe`, { ...(bearer && { bearer }) })).body
		expect(await seen(cook.worker_handle)).toMatchObject({ id: first.body.out_id, event: { content: { value: 'leaves' } } })
		expect(await seen(baker.worker_handle)).toMatchObject({ id: second.body.out_id })
		expect(await seen()).toMatchObject({ id: second.body.out_id })
		operator.reply('cook', ack)
		other.reply('baker', ack)
		expect([(await mine).status, (await theirs).status]).toEqual([200, 200])
	})
})

const bothAtOnce = {
	kind: 'fanout',
	items: { op: 'lit', value: [0, 1] },
	bind: path('$.n'),
	body: {
		kind: 'branch',
		cond: { op: 'eq', lhs: path('$.n'), rhs: { op: 'lit', value: 0 } },
		then: { kind: 'step', ref: 'cook', in: path('$.wish'), out: path('$.said') },
		else: { kind: 'step', ref: 'waiter', in: path('$.wish'), out: path('$.said') },
	},
	join: 'all',
	out: path('$.both'),
}

test('an operator drops its connection in the middle, and each request is worked on once', async () => {
	await using server = await startTestServer()
	const work = httpWorker(server.url, obey)
	await using operator = await joinOperator({
		url: server.url,
		async work(frame) {
			operator.drop()
			return work(frame)
		},
	})
	const cook = agent('cook', { profile: { system_prompt: 'Always reply `TEA`' } })
	const waiter = agent('waiter', { profile: { system_prompt: 'Always reply `POURED`' } })
	const { body } = await launch(server.url, chain(cook, waiter))
	expect(body.final_ctx).toEqual({ wish: 'tea', cook: 'TEA', waiter: 'POURED' })
	expect([...operator.asked.values()].map(({ works }) => works)).toEqual([1, 1])
})
