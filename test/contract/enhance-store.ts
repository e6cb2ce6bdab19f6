import { describe, expect, test } from 'bun:test'
import { type Issue, newIssue } from '../../src/core/enhance/issue.ts'
import { toLogEntry } from '../../src/core/enhance/log.ts'
import type { EnhanceStore } from '../../src/core/enhance/store.ts'
import type { EnhanceSetting } from '../../src/protocol/enhance.ts'

export interface OpenedEnhanceStore extends Disposable {
	readonly store: EnhanceStore
	/** Kinds of all events so far. */
	events(): readonly string[]
	reopen(): EnhanceStore
}

const issue = (id: string, blueprint_id = 'b'): Issue => newIssue({ blueprint_id, intent: `wish ${id}` }, id, 1000)
const findings = { prevHash: 'p', rationale: 'r', verdicts: [{ axis: 'des', status: 'pass', detail: 'ok' }], reasons: [] } as const

export function enhanceStoreContract(title: string, open: () => OpenedEnhanceStore): void {
	describe(`EnhanceStore: ${title}`, () => {
		test('issues are listed newest first, by status and Blueprint', async () => {
			using opened = open()
			const { store } = opened
			for (const each of [issue('h-1'), issue('h-2', 'other'), issue('h-3')]) await store.addIssue(each)
			expect(await store.issue('h-1')).toEqual(issue('h-1'))
			expect(await store.issue('h-9')).toBeNull()
			const ids = async (query: Partial<Parameters<EnhanceStore['issues']>[0]>) =>
				(await store.issues({ limit: 10, ...query })).map(({ id }) => id)
			expect(await ids({})).toEqual(['h-3', 'h-2', 'h-1'])
			expect(await ids({ limit: 1 })).toEqual(['h-3'])
			expect(await ids({ blueprintId: 'b' })).toEqual(['h-3', 'h-1'])
			await store.takeIssue()
			expect(await ids({ status: 'pending' })).toEqual(['h-3', 'h-2'])
			expect(await ids({ status: 'in_flight', blueprintId: 'b' })).toEqual(['h-1'])
		})

		test('the oldest pending issue is taken, each once', async () => {
			using opened = open()
			await opened.store.addIssue(issue('h-1'))
			await opened.store.addIssue(issue('h-2'))
			const taken = await Promise.all([opened.store.takeIssue(), opened.store.takeIssue(), opened.store.takeIssue()])
			expect(taken.map((each) => each && [each.id, each.status])).toEqual([['h-1', 'in_flight'], ['h-2', 'in_flight'], null])
		})

		test('an issue in flight ends once, together with its log entry', async () => {
			using opened = open()
			const { store } = opened
			await store.addIssue(issue('h-1'))
			const applied = { status: 'applied', newVersion: 'v' } as const
			const entry = toLogEntry(issue('h-1'), applied, findings, 2000)
			expect(await store.settleIssue('h-1', applied, entry)).toBe(false)
			await store.takeIssue()
			expect(await store.settleIssue('h-1', applied, entry)).toBe(true)
			expect(await store.settleIssue('h-1', { status: 'rejected', reason: 'late' }, entry)).toBe(false)
			expect(await store.issue('h-1')).toMatchObject({ status: 'applied', newVersion: 'v', reason: null })
			expect(await store.logOf('h-1')).toEqual(entry)
			expect(entry).toMatchObject({ issue_id: 'h-1', prev_hash: 'p', new_hash: 'v', intent: 'wish h-1', status: 'applied', ts_ms: 2000 })
			expect(await store.log({ limit: 10 })).toHaveLength(1)
		})

		test('a rejected issue has its reason, and an entry only when the work began', async () => {
			using opened = open()
			const { store } = opened
			await store.addIssue(issue('h-1'))
			await store.takeIssue()
			expect(await store.settleIssue('h-1', { status: 'rejected', reason: 'dispatch failed' }, null)).toBe(true)
			expect(await store.issue('h-1')).toMatchObject({ status: 'rejected', reason: 'dispatch failed', newVersion: null })
			expect(await store.logOf('h-1')).toBeNull()
			const rejected = { status: 'rejected', reason: 'no' } as const
			expect(toLogEntry(issue('h-1'), rejected, { ...findings, reasons: ['noop: same'] }, 1)).toMatchObject({
				new_hash: '',
				reasons: ['noop: same'],
			})
		})

		test('the log has its newest entries in order of time, of one Blueprint or of all', async () => {
			using opened = open()
			const { store } = opened
			for (const [id, blueprint, at] of [
				['h-1', 'b', 10],
				['h-2', 'other', 20],
				['h-3', 'b', 20],
			] as const) {
				const each = issue(id, blueprint)
				await store.addIssue(each)
				await store.takeIssue()
				const rejected = { status: 'rejected', reason: 'no' } as const
				await store.settleIssue(id, rejected, toLogEntry(each, rejected, findings, at))
			}
			const ids = async (query: Parameters<EnhanceStore['log']>[0]) => (await store.log(query)).map(({ issue_id }) => issue_id)
			expect(await ids({ limit: 10 })).toEqual(['h-1', 'h-2', 'h-3'])
			expect(await ids({ limit: 2 })).toEqual(['h-2', 'h-3'])
			expect(await ids({ limit: 10, blueprintId: 'b' })).toEqual(['h-1', 'h-3'])
		})

		test('settings replace one another by id, are listed sorted, and go', async () => {
			using opened = open()
			const { store } = opened
			const setting = (id: string, ttl: number): EnhanceSetting => ({
				...{ id, blueprint_id: 'b', ttl_secs: ttl, version: { kind: 'latest' }, verifier_axes: ['des'], meta: { a: [1] } },
			})
			for (const each of [setting('b', 1), setting('a', 1), setting('b', 2)]) await store.putSetting(each)
			expect(await store.settingIds()).toEqual(['a', 'b'])
			expect(await store.setting('b')).toEqual(setting('b', 2))
			expect(await store.removeSetting('b')).toBe(true)
			expect(await store.removeSetting('b')).toBe(false)
			expect(await store.setting('b')).toBeNull()
		})

		test('each change is one event, and everything outlives the process', async () => {
			using opened = open()
			await opened.store.addIssue(issue('h-1'))
			await opened.store.takeIssue()
			await opened.store.takeIssue()
			const applied = { status: 'applied', newVersion: 'v' } as const
			await opened.store.settleIssue('h-1', applied, toLogEntry(issue('h-1'), applied, findings, 1))
			await opened.store.settleIssue('h-1', applied, null)
			expect(opened.events()).toEqual(['issue.posted', 'issue.taken', 'issue.applied'])
			const again = opened.reopen()
			expect([(await again.issue('h-1'))?.status, (await again.log({ limit: 9 })).length]).toEqual(['applied', 1])
		})
	})
}
