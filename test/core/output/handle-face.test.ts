import { expect, test } from 'bun:test'
import { handleFace } from '../../../src/core/output/handle-face.ts'
import { refusal, secret, WorkerWorld } from './support.ts'

async function handleWorld() {
	const world = new WorkerWorld()
	const face = handleFace(world.face, { attempts: world.attempts, secret, clock: world.clock })
	return { world, face, step: await world.start({ prompt: 'do it', system: 'You do.' }), [Symbol.dispose]: () => world[Symbol.dispose]() }
}

test('a handle alone gets the prompt, submits, and puts down and reads bodies', async () => {
	using it = await handleWorld()
	const worker_handle = it.step.handleText
	expect(await it.face.prompt(worker_handle)).toMatchObject({ task_id: it.step.stepId, prompt: 'do it', system: 'You do.' })
	const { out_id } = await it.face.emit({ worker_handle, name: 'note', value: { n: 1 } })
	const content = { kind: 'inline', value: { n: 1 } }
	for (const key of [out_id, 'note']) expect(await it.face.read(worker_handle, key)).toMatchObject({ id: out_id, event: { content } })
	await it.face.emit({ worker_handle, value: 2 })
	expect(await it.face.read(worker_handle, 'writer')).toMatchObject({ producer_agent: 'writer', event: { name: 'writer' } })
	await it.face.submit({ worker_handle, body: 'result', ok: false })
	expect(it.world.finals).toEqual([`${it.step.stepId}#1`])
	const [final] = await it.world.outputs.listForAttempt(it.step.stepId, 1, 'tail')
	expect(final?.event).toEqual({ type: 'final', content: { kind: 'inline', value: 'result' }, ok: false })
})

test('what is no handle, or none that is known, is refused', async () => {
	using it = await handleWorld()
	expect(await refusal(it.face.prompt('token'))).toMatchObject({
		kind: 'unauthenticated',
		message: '"token" is no worker_handle: those begin with wh-',
	})
	expect(await refusal(it.face.submit({ worker_handle: 'wh-0000000000000000', body: '' }))).toMatchObject({ code: 'unknown_handle' })
})
