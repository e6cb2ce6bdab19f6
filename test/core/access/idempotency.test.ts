import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type KeptEffect, type KeyedRequest, oncePerKey } from '../../../src/core/access/idempotency.ts'
import { MseError } from '../../../src/kernel/error.ts'

/** What is asked for: the body makes a work `fail`, and the server may die before it. */
interface Asked {
	readonly key: string
	readonly body: 'a' | 'b' | 'fail'
	readonly delay: number
	readonly diesBefore: boolean
}

const asked = fc.record({
	key: fc.constantFrom('k1', 'k2', 'k3'),
	body: fc.constantFrom<Asked['body'][]>('a', 'b', 'fail'),
	delay: fc.nat({ max: 3 }),
	diesBefore: fc.boolean(),
})

/** A store whose effects survive; what was in flight in memory does not. */
function newWorld() {
	const kept = new Map<string, KeptEffect>()
	let number = 0
	const store = {
		find: async ({ scope, key }: KeyedRequest) => kept.get(`${scope} ${key}`) ?? null,
		keeping: <T>(_request: KeyedRequest, work: () => Promise<T>) => work(),
	}
	const work = (request: KeyedRequest, turns: number) => async () => {
		for (let turn = 0; turn < turns; turn++) await Promise.resolve()
		if (request.bodyHash === 'fail') throw new MseError('conflict', 'refused')
		const mine = ++number
		kept.set(`${request.scope} ${request.key}`, { bodyHash: request.bodyHash, effect: mine })
		for (let turn = 0; turn < turns; turn++) await Promise.resolve()
		return mine
	}
	return { store, work, done: () => number, kept }
}

const tell = (answer: Promise<unknown>): Promise<unknown> => answer.catch((error) => (error instanceof MseError ? error.code : error))

test('whatever repeats, overlaps or is interrupted, each key is worked on once and has one answer', async () => {
	await fc.assert(
		fc.asyncProperty(fc.array(asked, { maxLength: 20 }), fc.boolean(), async (calls, together) => {
			const { store, work, done, kept } = newWorld()
			let once = oncePerKey<number>(store)
			const answers: { asked: Asked; answer: unknown }[] = []
			const pending: Promise<unknown>[] = []
			for (const one of calls) {
				if (one.diesBefore && !together) once = oncePerKey<number>(store)
				const request = { scope: 's', key: one.key, bodyHash: one.body }
				const answer = tell(once(request, work(request, one.delay), async (effect) => Number(effect)))
				pending.push(answer.then((it) => answers.push({ asked: one, answer: it })))
				if (!together) await answer
			}
			await Promise.all(pending)
			expect(done()).toBe(kept.size)
			for (const { asked, answer } of answers) {
				const first = kept.get(`s ${asked.key}`)
				const allowed = first?.bodyHash === asked.body ? [first.effect] : ['idempotency_mismatch', 'conflict']
				expect(allowed).toContain(answer as never)
			}
		}),
	)
})

test('a repeat waits for the answer that is being made', async () => {
	const { store } = newWorld()
	const once = oncePerKey<string>(store)
	const gate = Promise.withResolvers<string>()
	const request = { scope: 's', key: 'k', bodyHash: 'b' }
	let begun = 0
	const first = () => {
		begun++
		return gate.promise
	}
	const answers = [1, 2, 3].map(() => once(request, first, async () => 'again'))
	const other = tell(once({ ...request, bodyHash: 'c' }, first, async () => 'again'))
	expect(await other).toBe('idempotency_mismatch')
	gate.resolve('first')
	expect([await Promise.all(answers), begun]).toEqual([['first', 'first', 'first'], 1])
})

test('without a key, and without a store, everything is done each time', async () => {
	const { store, work } = newWorld()
	const request = { scope: 's', key: 'k', bodyHash: 'b' }
	const again = async () => 0
	const once = oncePerKey<number>(store)
	expect([await once(null, work(request, 0), again), await once(null, work(request, 0), again)]).toEqual([1, 2])
	const bare = oncePerKey<number>(undefined)
	expect([await bare(request, work(request, 0), again), await bare(request, work(request, 0), again)]).toEqual([3, 4])
})
