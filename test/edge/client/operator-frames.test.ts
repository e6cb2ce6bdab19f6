import { expect, test } from 'bun:test'
import { type OperatorFrame, OperatorFrames } from '../../../src/edge/client/operator-frames.ts'
import type { OperatorLine } from '../../../src/edge/client/operator-line.ts'
import { MseError } from '../../../src/kernel/error.ts'
import type { ClientMsg } from '../../../src/protocol/operator-frame.ts'
import { fakeClock } from '../../support/fake-clock.ts'

const never = new AbortController().signal
const ask = (req_id: string): OperatorFrame => ({ type: 'ask', req_id, task_id: 'ST-1', question: null })
const answer = (req_id: string) => ({ type: 'answer', req_id, value: 1 }) as const

function framesWorld() {
	const clock = fakeClock()
	const sent: ClientMsg[] = []
	const line: OperatorLine = { send: (frame) => void sent.push(frame), close() {}, ended: new Promise(() => {}) }
	return { clock, sent, line, frames: new OperatorFrames(clock) }
}

test('a frame is given out once, however often it comes, until it is answered', async () => {
	const { frames, line } = framesWorld()
	frames.attach(line)
	const arrived = frames.arrival(never)
	for (const id of ['a', 'a', 'b']) frames.receive(ask(id))
	await arrived
	expect(frames.waiting.map(({ req_id }) => req_id)).toEqual(['a', 'b'])
	expect(frames.take()).toEqual(ask('a'))
	frames.receive(ask('a'))
	expect([frames.take()?.req_id, frames.take()]).toEqual(['b', undefined])
	expect([frames.running, frames.taken.length]).toEqual([['a', 'b'], 2])
	void frames.reply(answer('a'), never)
	expect(frames.running).toEqual(['b'])
	frames.receive(ask('a'))
	expect(frames.take()).toBeUndefined()
})

test('a reply without a receipt goes out again on the next socket', async () => {
	const { frames, line, sent } = framesWorld()
	const kept = frames.reply(answer('a'), AbortSignal.abort())
	expect(await kept).toEqual({ kind: 'kept' })
	frames.attach(line)
	frames.detach()
	frames.attach(line)
	expect(sent).toEqual([answer('a'), answer('a')])
	const repeated = frames.reply(answer('b'), never)
	frames.receive({ type: 'received', req_id: 'b' })
	expect(await repeated).toEqual({ kind: 'received' })
})

test('a refusal for good is told, one for now is tried again', async () => {
	const { frames, line, sent, clock } = framesWorld()
	frames.attach(line)
	const refused = frames.reply(answer('a'), never)
	frames.receive({ type: 'error', code: 'unknown_request', req_id: 'a', message: 'nobody asked' })
	expect(await refused).toEqual({ kind: 'refused', code: 'unknown_request', message: 'nobody asked' })
	const later = frames.reply(answer('b'), never)
	frames.receive({ type: 'error', code: 'storage_unavailable', req_id: 'b', message: 'the disk is full' })
	await clock.advance(1000)
	expect(sent.map((frame) => 'req_id' in frame && frame.req_id)).toEqual(['a', 'b', 'b'])
	frames.receive({ type: 'received', req_id: 'b' })
	expect(await later).toEqual({ kind: 'received' })
})

test('what was withdrawn is neither given out nor in hand, and the end of the session is the end of its replies', async () => {
	const { frames } = framesWorld()
	for (const id of ['a', 'b']) frames.receive(ask(id))
	frames.take()
	for (const id of ['a', 'b']) frames.withdraw(id)
	expect([frames.take(), frames.running]).toEqual([undefined, []])
	const reply = frames.reply(answer('c'), never)
	frames.abort(new MseError('gone', 'The session is gone.', { code: 'session_gone' }))
	expect(await reply).toEqual({ kind: 'refused', code: 'session_gone', message: 'The session is gone.' })
	await expect(frames.arrival(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough')
})
