import { describe, expect, test } from 'bun:test'
import type { Undelivered, WebhookStore } from '../../src/core/webhook/store.ts'

export interface OpenedWebhookStore extends Disposable {
	readonly store: WebhookStore
	/** The same data in the next life. */
	reopen(): WebhookStore
}

const given = (seq: number): Undelivered => ({
	event: { seq, at: 5, kind: 'run.done', data: {} },
	attempts: 3,
	error: 'it answered 500',
	at: 9,
})

export function webhookStoreContract(title: string, open: () => OpenedWebhookStore): void {
	describe(`WebhookStore: ${title}`, () => {
		test('a webhook that never ran has no progress, and begins where it is put', async () => {
			using opened = open()
			expect(await opened.store.progress('chat')).toBeNull()
			await opened.store.moveTo('chat', 7)
			expect(await opened.reopen().progress('chat')).toEqual({ cursor: 7, delivered: 0, trying: null })
		})

		test('a delivery moves the cursor, is counted, and ends what was being tried', async () => {
			using opened = open()
			const { store } = opened
			await store.moveTo('chat', 0)
			const trying = { seq: 4, attempts: 2, error: 'it answered 503', nextAt: 11 }
			await store.trying('chat', trying)
			expect((await opened.reopen().progress('chat'))?.trying).toEqual(trying)
			await opened.reopen().delivered('chat', 4)
			expect(await opened.reopen().progress('chat')).toEqual({ cursor: 4, delivered: 1, trying: null })
		})

		test('what was given up is kept aside until it is taken after all, each webhook by itself', async () => {
			using opened = open()
			const { store } = opened
			for (const seq of [1, 2, 3]) await store.giveUp('chat', given(seq))
			await store.giveUp('pager', given(1))
			expect((await store.progress('chat'))?.cursor).toBe(3)
			expect((await store.undelivered('chat', 2)).map(({ event }) => event.seq)).toEqual([1, 2])
			expect((await store.newestUndelivered('chat', 1))[0]).toEqual(given(3))
			await store.recovered('chat', 2)
			expect(await store.countUndelivered('chat')).toBe(2)
			expect(await store.countUndelivered('pager')).toBe(1)
			expect((await store.progress('chat'))?.delivered).toBe(1)
		})

		test('only the newest 1000 of a webhook are kept aside', async () => {
			using opened = open()
			await Promise.all(Array.from({ length: 1005 }, (_, n) => opened.store.giveUp('chat', given(n + 1))))
			expect(await opened.store.countUndelivered('chat')).toBe(1000)
			expect((await opened.store.undelivered('chat', 1))[0]?.event.seq).toBe(6)
		})
	})
}
