import { describe, expect, test } from 'bun:test'
import type { IdempotencyStore, KeyedRequest } from '../../src/core/access/idempotency.ts'

export interface OpenedIdempotencyStore extends Disposable {
	readonly store: IdempotencyStore
	/** Does something that keeps `{did: what}` as its effect; throws inside its change when told to. */
	act(what: string, fails?: boolean): Promise<void>
	/** What was done, in its order. */
	done(): readonly string[]
	advance(ms: number): Promise<void>
	reopen(): IdempotencyStore
	/** Keys on disk, old ones too. */
	count(): number
}

const DAY_MS = 24 * 3600 * 1000
const keyed = (key: string, scope = 's', bodyHash = 'b'): KeyedRequest => ({ scope, key, bodyHash })

export function idempotencyStoreContract(title: string, open: () => OpenedIdempotencyStore): void {
	describe(`IdempotencyStore: ${title}`, () => {
		test('a key is kept with what was done, through a restart', async () => {
			using opened = open()
			await opened.store.keeping(keyed('k'), () => opened.act('a'))
			const kept = { bodyHash: 'b', effect: { did: 'a' } }
			expect(await opened.store.find(keyed('k'))).toEqual(kept)
			expect(await opened.reopen().find(keyed('k'))).toEqual(kept)
			expect(await opened.store.find(keyed('other'))).toBeNull()
			expect(await opened.store.find(keyed('k', 'elsewhere'))).toBeNull()
		})

		test('what is refused leaves no key, and what does nothing neither', async () => {
			using opened = open()
			await expect(opened.store.keeping(keyed('k'), () => opened.act('a', true))).rejects.toThrow('refused')
			await opened.store.keeping(keyed('k'), async () => {})
			expect([opened.done(), opened.count()]).toEqual([[], 0])
		})

		test('what others do in the same turn has no part in it, whether it fails or not', async () => {
			using opened = open()
			const others = [opened.act('x'), opened.act('y', true).catch(() => {})]
			await Promise.all([opened.store.keeping(keyed('k'), () => opened.act('a')), opened.act('z'), ...others])
			expect([await opened.store.find(keyed('k')), opened.count()]).toEqual([{ bodyHash: 'b', effect: { did: 'a' } }, 1])
			expect(opened.done().toSorted()).toEqual(['a', 'x', 'z'])
		})

		test('the first thing done is what is kept; what goes on later is not the request', async () => {
			using opened = open()
			await opened.store.keeping(keyed('k'), async () => {
				await opened.act('a')
				await opened.act('b')
			})
			expect([await opened.store.find(keyed('k')), opened.count()]).toEqual([{ bodyHash: 'b', effect: { did: 'a' } }, 1])
		})

		test('after 24 hours a key is new again', async () => {
			using opened = open()
			await opened.store.keeping(keyed('k'), () => opened.act('a'))
			await opened.advance(DAY_MS - 1)
			expect(await opened.store.find(keyed('k'))).not.toBeNull()
			await opened.advance(1)
			expect(await opened.store.find(keyed('k'))).toBeNull()
			await opened.store.keeping(keyed('k', 's', 'b2'), () => opened.act('b'))
			expect(await opened.store.find(keyed('k'))).toEqual({ bodyHash: 'b2', effect: { did: 'b' } })
		})

		test('old keys go away a few at a time, as new ones come', async () => {
			using opened = open()
			for (let n = 0; n < 10; n++) await opened.store.keeping(keyed(`old ${n}`), () => opened.act('a'))
			await opened.advance(DAY_MS)
			const left: number[] = []
			for (let n = 0; n < 4; n++) {
				await opened.store.keeping(keyed(`new ${n}`), () => opened.act('a'))
				left.push(opened.count() - n - 1)
			}
			expect(left).toEqual([6, 2, 0, 0])
		})
	})
}
