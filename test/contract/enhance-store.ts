import { describe, expect, test } from 'bun:test'
import { blueprintHash } from '../../src/core/blueprint/normal-form.ts'
import type { BlueprintStore } from '../../src/core/blueprint/store.ts'
import { type Issue, newIssue } from '../../src/core/enhance/issue.ts'
import { toLogEntry } from '../../src/core/enhance/log.ts'
import type { EnhanceStore } from '../../src/core/enhance/store.ts'
import { newRunId } from '../../src/kernel/id.ts'
import type { Json } from '../../src/kernel/json.ts'
import type { EnhanceSetting } from '../../src/protocol/enhance.ts'
import { minimal, parsedBlueprint as parsed } from '../support/parsed-blueprint.ts'
import { verifies } from '../support/verifies.ts'

export interface OpenedEnhanceStore extends Disposable {
	readonly store: EnhanceStore
	/** Of the same database. */
	readonly blueprints: BlueprintStore
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
			await store.takeIssue(newRunId())
			expect(await ids({ status: 'pending' })).toEqual(['h-3', 'h-2'])
			expect(await ids({ status: 'in_flight', blueprintId: 'b' })).toEqual(['h-1'])
		})

		test('the oldest pending issue is taken, each once, and gets the run that is to work on it', async () => {
			using opened = open()
			const { store } = opened
			await store.addIssue(issue('h-1'))
			await store.addIssue(issue('h-2', 'other'))
			const [first, second] = [newRunId(), newRunId()]
			const taken = await Promise.all([store.takeIssue(first), store.takeIssue(second), store.takeIssue(newRunId())])
			expect(taken.map((each) => each && [each.id, each.status, each.runId, each.attempt])).toEqual([
				['h-1', 'in_flight', first, 1],
				['h-2', 'in_flight', second, 1],
				null,
			])
			expect((await store.issuesInFlight()).map(({ id }) => id)).toEqual(['h-1', 'h-2'])
		})

		test('no two issues about one Blueprint are in flight; the others overtake', async () => {
			using opened = open()
			const { store } = opened
			for (const each of [issue('h-1'), issue('h-2'), issue('h-3', 'other')]) await store.addIssue(each)
			const take = async () => (await store.takeIssue(newRunId()))?.id
			expect([await take(), await take(), await take()]).toEqual(['h-1', 'h-3', undefined])
			await store.settleIssue('h-1', { status: 'rejected', reason: 'no' }, null)
			expect(await take()).toBe('h-2')
		})

		test('an issue that is put back keeps its place, and the count of its attempts', async () => {
			using opened = open()
			const { store } = opened
			await store.addIssue(issue('h-1'))
			await store.addIssue(issue('h-2'))
			expect(await store.requeueIssue('h-1', 'why')).toBe(false)
			await store.takeIssue(newRunId())
			expect(await store.requeueIssue('h-1', 'the head moved')).toBe(true)
			const run = newRunId()
			expect(await store.takeIssue(run)).toMatchObject({ id: 'h-1', attempt: 2, runId: run })
			expect(opened.events()).toEqual(['issue.posted', 'issue.posted', 'issue.taken', 'issue.requeued', 'issue.taken'])
		})

		test('only a rejected issue is tried again, as if it were new', async () => {
			using opened = open()
			const { store } = opened
			await store.addIssue(issue('h-1'))
			expect(await store.retryIssue('h-1')).toBeNull()
			await store.takeIssue(newRunId())
			expect(await store.retryIssue('h-1')).toBeNull()
			await store.settleIssue('h-1', { status: 'rejected', reason: 'no' }, null)
			expect(await store.retryIssue('h-1')).toMatchObject({ status: 'pending', reason: null, attempt: 0 })
			expect(await store.takeIssue(newRunId())).toMatchObject({ id: 'h-1', attempt: 1 })
			expect(await store.retryIssue('h-9')).toBeNull()
		})

		test('an issue is applied together with its commit and its log entry, or nothing of it is', async () => {
			using opened = open()
			const { store, blueprints } = opened
			const by = { author: 'somebody', message: 'm' }
			const { commit: first } = await blueprints.commit({ id: 'm', document: minimal() as Json, blueprint: parsed(minimal()), ...by })
			const changed = minimal({ metadata: { description: 'better' } }) as Json
			const change = {
				id: 'm',
				document: changed,
				blueprint: parsed(changed),
				author: 'enhance',
				message: 'because',
				expectedHead: first.hash,
			}
			const newVersion = blueprintHash(change.blueprint)
			const entry = toLogEntry(issue('h-1', 'm'), { status: 'applied', newVersion }, findings, 2000)
			await store.addIssue(issue('h-1', 'm'))
			expect(await store.applyIssue('h-1', change, entry)).toBe(false)
			expect((await blueprints.headCommit('m'))?.hash).toBe(first.hash)
			await store.takeIssue(newRunId())
			const moved = await store.applyIssue('h-1', { ...change, expectedHead: 'another' }, entry).catch((error) => error)
			expect([moved.code, (await store.issue('h-1'))?.status, await store.logOf('h-1')]).toEqual(['head_moved', 'in_flight', null])
			expect(await store.applyIssue('h-1', change, entry)).toBe(true)
			expect(await store.applyIssue('h-1', change, entry)).toBe(false)
			expect(await store.issue('h-1')).toMatchObject({ status: 'applied', newVersion })
			expect(await store.logOf('h-1')).toEqual(entry)
			const history = await blueprints.history('m', { limit: 9 })
			expect(history.map(({ hash, author, message }) => [hash, author, message])).toEqual([
				[newVersion, 'enhance', 'because'],
				[first.hash, 'somebody', 'm'],
			])
		})

		test('an issue in flight ends once, together with its log entry', async () => {
			using opened = open()
			const { store } = opened
			await store.addIssue(issue('h-1'))
			const applied = { status: 'applied', newVersion: 'v' } as const
			const entry = toLogEntry(issue('h-1'), applied, findings, 2000)
			expect(await store.settleIssue('h-1', applied, entry)).toBe(false)
			await store.takeIssue(newRunId())
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
			await store.takeIssue(newRunId())
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
				await store.takeIssue(newRunId())
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
			verifies('06.135')
			using opened = open()
			await opened.store.addIssue(issue('h-1'))
			await opened.store.takeIssue(newRunId())
			await opened.store.takeIssue(newRunId())
			const applied = { status: 'applied', newVersion: 'v' } as const
			await opened.store.settleIssue('h-1', applied, toLogEntry(issue('h-1'), applied, findings, 1))
			await opened.store.settleIssue('h-1', applied, null)
			expect(opened.events()).toEqual(['issue.posted', 'issue.taken', 'issue.applied'])
			const again = opened.reopen()
			expect([(await again.issue('h-1'))?.status, (await again.log({ limit: 9 })).length]).toEqual(['applied', 1])
		})
	})
}
