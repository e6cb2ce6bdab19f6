import { describe, expect, test } from 'bun:test'
import type { Worker } from '../../../src/core/dispatch/backend.ts'
import { mseClient } from '../../../src/edge/client/client.ts'
import { followRun } from '../../../src/edge/client/follow-run.ts'
import { asRunId } from '../../../src/kernel/id.ts'
import type { Event } from '../../../src/protocol/event.ts'
import { blueprintOf, lit, seq, step } from '../../support/blueprints.ts'
import { eventually } from '../../support/eventually.ts'
import { httpWorld } from '../http/support.ts'

const quick = blueprintOf(step('identity', lit('x'), '$.out'), ['identity'])
const slow = blueprintOf(seq(step('identity', lit('x'), '$.a'), step('gate', lit('x'), '$.b')), ['identity', 'gate'])

/** Works until it is let go. */
function gated() {
	const gate = Promise.withResolvers<void>()
	const worker: Worker = {
		pure: false,
		async perform({ signal }) {
			await Promise.race([gate.promise, new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))])
			return { final: { value: 'through', ok: true } }
		},
	}
	return { worker, open: gate.resolve }
}

describe('following from the start', () => {
	test('gives an ended run its whole history', async () => {
		await using world = httpWorld()
		const client = mseClient({ url: world.listen() })
		const kinds: string[] = []
		const { run_id } = (await world.launch(quick)).body
		const run = await followRun(client, run_id, { from: 'start', onEvent: ({ kind }) => kinds.push(kind) })
		expect(kinds).toEqual(['run.started', 'step.completed', 'run.done'])
		expect(run).toMatchObject({ id: run_id, status: 'done', result_ref: { out: 'x' } })
	})

	test('waits for the end of one that goes on', async () => {
		const { worker, open } = gated()
		await using world = httpWorld({ workers: { gate: worker } })
		const client = mseClient({ url: world.listen() })
		const { run_id } = (await world.launch(slow, { detach: true })).body
		const seen: Event['kind'][] = []
		const followed = followRun(client, run_id, { from: 'start', onEvent: ({ kind }) => seen.push(kind) })
		await eventually(() => seen.includes('step.dispatched'), { what: 'the second step is worked on' })
		open()
		expect(await followed).toMatchObject({ status: 'done', result_ref: { a: 'x', b: 'through' } })
		expect(seen.at(-1)).toBe('run.done')
	})
})

describe('following from now', () => {
	test('gives nothing of the past, and ends at once for an ended run', async () => {
		await using world = httpWorld()
		const client = mseClient({ url: world.listen() })
		const { run_id } = (await world.launch(quick)).body
		const seen: Event[] = []
		expect(await followRun(client, run_id, { from: 'now', onEvent: (event) => seen.push(event) })).toMatchObject({ status: 'done' })
		expect(seen).toEqual([])
	})

	test('misses no end between the look at the run and the stream', async () => {
		const { worker, open } = gated()
		await using world = httpWorld({ workers: { gate: worker } })
		const url = world.listen()
		const { run_id } = (await world.launch(slow, { detach: true })).body
		// The run ends just before the stream is asked for.
		const late = async (...args: Parameters<typeof fetch>): Promise<Response> => {
			if (String(args[0]).includes('/v1/events')) {
				open()
				await world.service.wait(asRunId(run_id), new AbortController().signal)
			}
			return fetch(...args)
		}
		const client = mseClient({ url, fetch: Object.assign(late, { preconnect() {} }) })
		expect(await followRun(client, run_id, { from: 'now', onEvent() {} })).toMatchObject({ status: 'done' })
	})
})

test('an interrupted run ends the following, and counts as past once it was resumed', async () => {
	const { worker, open } = gated()
	await using world = httpWorld({ workers: { gate: worker } })
	const client = mseClient({ url: world.listen() })
	const { run_id, task_id } = (await world.launch(slow, { detach: true })).body
	const about = { runId: asRunId(run_id), taskId: task_id, data: {} }
	const seen: string[] = []
	const followed = followRun(client, run_id, { from: 'start', onEvent: ({ kind }) => seen.push(kind) })
	await eventually(() => seen.includes('step.dispatched'), { what: 'the second step is worked on' })
	const change = { from: ['running'], to: 'interrupted', events: [{ kind: 'run.interrupted', ...about }] } as const
	await world.runs.changeStatus(asRunId(run_id), change)
	expect(await followed).toMatchObject({ status: 'interrupted' })

	await world.runs.changeStatus(asRunId(run_id), { from: ['interrupted'], to: 'running', events: [{ kind: 'run.resumed', ...about }] })
	const again = followRun(client, run_id, { from: 'start', onEvent: ({ kind }) => seen.push(kind) })
	open()
	expect(await again).toMatchObject({ status: 'done' })
	expect(seen.filter((kind) => kind === 'run.interrupted')).toHaveLength(2)
})

test('the signal ends the following and leaves the run alone; an unknown run is not found', async () => {
	const { worker } = gated()
	await using world = httpWorld({ workers: { gate: worker } })
	const client = mseClient({ url: world.listen() })
	const { run_id } = (await world.launch(slow, { detach: true })).body
	const left = new AbortController()
	const followed = followRun(client, run_id, { from: 'start', signal: left.signal, onEvent: () => left.abort() })
	expect(await followed).toBeNull()
	expect((await world.call('GET', `/v1/runs/${run_id}`)).body.status).toBe('running')
	await expect(followRun(client, 'R-0', { from: 'now', onEvent() {} })).rejects.toMatchObject({ kind: 'not_found' })
})
