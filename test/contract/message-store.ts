import { describe, expect, test } from 'bun:test'
import type { MessageDraft, MessageStore } from '../../src/core/hive/message-store.ts'
import { verifies } from '../support/verifies.ts'

export interface OpenedMessageStore extends Disposable {
	readonly store: MessageStore
	/** Moves the store's time on. */
	pass(ms: number): Promise<void>
	/** Now, as the store sees it. */
	now(): number
	/** Kinds of all events so far. */
	events(): readonly string[]
	reopen(): MessageStore
}

const DAY_MS = 24 * 3600 * 1000
const draft = (body: string, to = 'bob'): MessageDraft => ({ from: 'alice', to, body, via: 'agent-socket' })

export function messageStoreContract(title: string, open: () => OpenedMessageStore): void {
	describe(`MessageStore: ${title}`, () => {
		test('messages are taken oldest first, each once, by their recipient alone', async () => {
			using opened = open()
			const { store } = opened
			const ids = []
			for (const body of ['one', 'two', 'three']) ids.push(await store.add(draft(body)))
			await store.add(draft('other', 'carol'))
			expect(ids.toSorted((a, b) => a - b)).toEqual(ids)
			const sentAt = opened.now()
			expect(await store.take('bob', [])).toEqual({ id: ids[0] ?? 0, ...draft('one'), sentAt })
			const both = await Promise.all([store.take('bob', []), store.take('bob', []), store.take('bob', [])])
			expect(both.map((each) => each?.body ?? null)).toEqual(['two', 'three', null])
			expect((await store.take('carol', []))?.body).toBe('other')
		})

		test('what is put back has its old place, and what is excepted stays where it is', async () => {
			using opened = open()
			const { store } = opened
			const [one, two] = [await store.add(draft('one')), await store.add(draft('two'))]
			await store.take('bob', [])
			await store.putBack(one)
			expect(await store.unread('bob')).toBe(2)
			expect((await store.take('bob', [one]))?.id).toBe(two)
			expect(await store.take('bob', [one])).toBeNull()
			expect(await store.unread('bob')).toBe(1)
			await store.deliver(one)
			expect([await store.unread('bob'), await store.take('bob', [])]).toEqual([0, null])
		})

		test('counting changes nothing', async () => {
			using opened = open()
			await opened.store.add(draft('one'))
			expect([await opened.store.unread('bob'), await opened.store.unread('bob'), await opened.store.unread('alice')]).toEqual([1, 1, 0])
			expect((await opened.store.take('bob', []))?.body).toBe('one')
		})

		test('delivered messages go by the age of their delivery, so many at a time; unread ones stay', async () => {
			verifies('08.42')
			using opened = open()
			const { store } = opened
			for (let n = 0; n < 5; n++) await store.add(draft(`${n}`))
			for (let n = 0; n < 3; n++) await store.take('bob', [])
			await opened.pass(31 * DAY_MS)
			const fresh = await store.take('bob', [])
			const before = opened.now() - 30 * DAY_MS
			expect([await store.dropDelivered(before, 2), await store.dropDelivered(before, 2), await store.dropDelivered(before, 2)]).toEqual([
				2, 1, 0,
			])
			await store.putBack(fresh?.id ?? 0)
			expect((await store.take('bob', []))?.body).toBe('3')
			expect(await store.unread('bob')).toBe(1)
		})

		test('each change is one event without the body, and one that changes nothing is none', async () => {
			using opened = open()
			const { store } = opened
			const id = await store.add(draft('one'))
			await store.take('bob', [])
			await store.take('bob', [])
			await store.deliver(id)
			await store.putBack(id)
			await store.putBack(id)
			await store.deliver(id)
			expect(opened.events()).toEqual(['message.sent', 'message.delivered', 'message.returned', 'message.delivered'])
		})

		test('inboxes outlive the process, and no id is given twice', async () => {
			using opened = open()
			const first = await opened.store.add(draft('one'))
			await opened.store.add(draft('two'))
			await opened.store.take('bob', [])
			const again = opened.reopen()
			expect((await again.take('bob', []))?.body).toBe('two')
			await opened.pass(1)
			expect(await again.dropDelivered(opened.now(), 10)).toBe(2)
			expect(await again.add(draft('three'))).toBeGreaterThan(first + 1)
		})
	})
}
