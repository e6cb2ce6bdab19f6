import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Json } from '../../../src/kernel/json.ts'
import { faultsOfLog } from '../../e2e/support/history.ts'
import { type ModelRun, modelWorld } from './model-world.ts'

/** What a worker and its operator may send, any of it in any order and any number of times. */
type Message =
	| { readonly kind: 'submit' | 'ack'; readonly text: string }
	| { readonly kind: 'artifact'; readonly name: string; readonly text: string }
	| { readonly kind: 'report' | 'heartbeat' | 'reconnect' | 'redeliver' | 'mumble' }

const text = fc.constantFrom('one', 'two', 'three', 'four')
const message: fc.Arbitrary<Message> = fc.oneof(
	{ weight: 3, arbitrary: fc.record({ kind: fc.constant('submit' as const), text }) },
	{ weight: 3, arbitrary: fc.record({ kind: fc.constant('artifact' as const), name: fc.constantFrom('a', 'b'), text }) },
	{ weight: 1, arbitrary: fc.record({ kind: fc.constant('ack' as const), text }) },
	{ weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('report', 'heartbeat', 'reconnect', 'redeliver', 'mumble') }) },
)

/** A run as it ought to be: what counts so far, and its result once it has one. */
interface Model {
	final: string | null
	readonly parts: Map<string, string>
	kept: number
	result: { found: Json } | null
}

const wholeOf = ({ parts }: Model, out: string): Json => (parts.size === 0 ? out : { out, parts: Object.fromEntries(parts) })

/** Sends one message, waits for what becomes of it, and says both what did and what ought to have. */
async function send(run: ModelRun, model: Model, message: Message): Promise<{ did: string; ought: string }> {
	const isOpen = model.result === null
	const counted = (did: string, change: () => void) => {
		if (isOpen) change()
		return { did, ought: isOpen ? 'kept' : 'gone' }
	}
	switch (message.kind) {
		case 'submit':
			return counted(await run.submit(message.text), () => {
				model.final = message.text
				model.kept++
			})
		case 'artifact':
			return counted(await run.artifact(message.name, message.text), () => {
				model.parts.set(message.name, message.text)
				model.kept++
			})
		case 'report':
			return counted(await run.report(), () => {})
		case 'redeliver':
			return counted(await run.redeliver(), () => {})
		case 'ack':
			await run.ack(message.text)
			await run.ended
			model.result ??= { found: wholeOf(model, model.final ?? message.text) }
			return { did: '', ought: '' }
		default:
			run[message.kind]()
			return { did: '', ought: '' }
	}
}

test('a run takes submits, parts, acks and heartbeats in any order and number as the model of a run does', async () => {
	await using world = await modelWorld()
	const property = fc.asyncProperty(fc.array(message, { maxLength: 15 }), async (messages) => {
		const run = await world.newRun()
		const model: Model = { final: null, parts: new Map(), kept: 0, result: null }
		for (const message of [...messages, { kind: 'ack', text: 'last' } as const]) {
			const { did, ought } = await send(run, model, message)
			expect(did).toBe(ought)
		}
		const { status, result } = await run.ended
		expect([status, result]).toEqual(['done', model.result])
		expect(await run.tail()).toHaveLength(model.kept)
		await expectOnce(run)
	})
	await fc.assert(property, { numRuns: 60 })
}, 60_000)

/** So many turns of the event loop pass before the next message. */
const burst = fc.array(fc.record({ message, turns: fc.constantFrom(0, 0, 0, 1, 2) }), { minLength: 2, maxLength: 12 })

test('messages that overtake one another are each kept or refused, and of those kept the last Final decides', async () => {
	await using world = await modelWorld()
	const property = fc.asyncProperty(burst, async (messages) => {
		const run = await world.newRun()
		const answers: Promise<string>[] = []
		for (const { message, turns } of [...messages, { message: { kind: 'ack', text: 'last' } as const, turns: 0 }]) {
			answers.push(...sendBlindly(run, message))
			for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
		}
		run.ackBlindly('late')
		const { status, result } = await run.ended
		const told = await Promise.all(answers)
		const tail = await run.tail()
		expect(told.filter((answer) => answer !== 'kept' && answer !== 'gone')).toEqual([])
		expect(tail).toHaveLength(told.filter((answer) => answer === 'kept').length)
		const last = tail.findLast(({ type }) => type === 'final')
		const acks = messages.flatMap(({ message }) => (message.kind === 'ack' ? [message.text] : []))
		const { found } = result as { found: Json }
		const out = typeof found === 'string' ? found : (found as { out: string }).out
		if (last?.type === 'final' && last.content.kind === 'inline') expect(out).toBe(last.content.value as string)
		else expect([...acks, 'last', 'late']).toContain(out)
		expect(status).toBe('done')
		await expectOnce(run)
	})
	await fc.assert(property, { numRuns: 100 })
}, 60_000)

/** Finals and parts answer; nothing is waited for. */
function sendBlindly(run: ModelRun, message: Message): Promise<string>[] {
	if (message.kind === 'submit') return [run.submit(message.text)]
	if (message.kind === 'artifact') return [run.artifact(message.name, message.text)]
	if (message.kind === 'ack') run.ackBlindly(message.text)
	else if (message.kind === 'report' || message.kind === 'redeliver') void run[message.kind]()
	else run[message.kind]()
	return []
}

/** One step, one attempt, one request, one outcome. */
async function expectOnce(run: ModelRun): Promise<void> {
	const log = await run.log()
	const count = (kind: string): number => log.filter((event) => event.kind === kind).length
	expect(['step.completed', 'attempt.started', 'attempt.ended', 'request.answered', 'run.done'].map(count)).toEqual([1, 1, 1, 1, 1])
	expect(faultsOfLog(log)).toEqual([])
	expect(run.strangers()).toEqual([])
	run.leave()
}
