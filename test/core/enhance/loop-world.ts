import { applyPatch } from '../../../src/core/enhance/apply-patch.ts'
import { decideCommit } from '../../../src/core/enhance/decide.ts'
import type { AskGate } from '../../../src/core/enhance/gate.ts'
import { newIssue } from '../../../src/core/enhance/issue.ts'
import { newEnhanceLoop } from '../../../src/core/enhance/loop.ts'
import { seedEnhance } from '../../../src/core/enhance/orbit.ts'
import type { Order } from '../../../src/core/enhance/order.ts'
import { verifyAxis } from '../../../src/core/enhance/verify.ts'
import type { EnhanceRun } from '../../../src/core/enhance/work.ts'
import { raceAbort } from '../../../src/kernel/abort.ts'
import { noFault } from '../../../src/kernel/fault.ts'
import { newIssueId, type RunId } from '../../../src/kernel/id.ts'
import { isJsonObject, type Json } from '../../../src/kernel/json.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import { openBlobs } from '../../../src/store/sqlite/blob.ts'
import { SqliteBlueprintStore } from '../../../src/store/sqlite/blueprint-store.ts'
import { SqliteDatabase } from '../../../src/store/sqlite/database.ts'
import { SqliteEnhanceStore } from '../../../src/store/sqlite/enhance-store.ts'
import { SqliteEventStore } from '../../../src/store/sqlite/event/event-store.ts'
import { eventually } from '../../support/eventually.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { parsedBlueprint } from '../../support/parsed-blueprint.ts'
import { target } from './support.ts'

/** The final context that the functions of an enhance run make of a patch. */
export function finalCtxOf({ initCtx }: Order, patch: Json): Json {
	const applied = applyPatch({ ...initCtx, patch })
	const axes = Array.isArray(initCtx.verifiers) ? initCtx.verifiers : []
	const verdicts = axes.map((axis: Json) => ({ axis, verdict: verifyAxis({ axis, applied }, () => []) }))
	return { ...initCtx, patch, applied, verdicts, commit: decideCommit({ applied, verdicts }) }
}

export interface LoopWorldOptions {
	readonly maxAttempts?: number
	readonly concurrency?: number
	readonly ask?: AskGate
}

/** The loop on real stores, with runs that end as the test says. */
export async function loopWorld(options: LoopWorldOptions = {}) {
	const clock = fakeClock()
	const db = new SqliteDatabase({ path: ':memory:', clock })
	const blueprints = new SqliteBlueprintStore(db, openBlobs(undefined))
	const enhance = new SqliteEnhanceStore(db, blueprints)
	const orders = new Map<RunId, Order>()
	const interruptions = new Map<RunId, (is: boolean) => void>()
	const ends = new Map<RunId, PromiseWithResolvers<EnhanceRun>>()
	const endOf = (id: RunId): PromiseWithResolvers<EnhanceRun> => {
		const known = ends.get(id) ?? Promise.withResolvers<EnhanceRun>()
		ends.set(id, known)
		return known
	}
	let refusals: unknown[] = []
	const open = () =>
		newEnhanceLoop({
			...{ enhance, blueprints, clock, events: new SqliteEventStore(db), log: silentLogger, fault: noFault },
			...{ maxAttempts: options.maxAttempts ?? 3, concurrency: options.concurrency ?? 8, ask: options.ask },
			apply: (id, change, entry) => enhance.applyIssue(id, change, entry),
			runs: {
				exists: async (id) => orders.has(id),
				async launch(order) {
					const [refusal] = refusals
					refusals = refusals.slice(1)
					if (refusal !== undefined) throw refusal
					orders.set(order.runId, order)
				},
				untilEnded(id, signal, interrupted) {
					interruptions.set(id, interrupted)
					return raceAbort(endOf(id).promise, signal)
				},
			},
		})
	let loop = open()
	await seedEnhance(enhance, blueprints)
	const commit = (document: Json, message = 'by hand') =>
		blueprints.commit({
			id: String(isJsonObject(document) && document.id),
			document,
			blueprint: parsedBlueprint(document),
			author: 'somebody',
			message,
		})
	await commit(target)
	loop.start()
	return {
		...{ db, clock, enhance, blueprints, orders, commit },
		refuseLaunch: (...errors: unknown[]) => void refusals.push(...errors),
		async post(blueprintId = 'greeter', intent = 'be warmer'): Promise<string> {
			const issue = newIssue({ blueprint_id: blueprintId, intent }, newIssueId(), clock.now())
			await enhance.addIssue(issue)
			return issue.id
		},
		/** The run of an issue's n-th attempt, once it was launched. */
		order: (issueId: string, attempt = 1): Promise<Order> =>
			eventually(
				() => [...orders.values()].filter(({ initCtx }) => isJsonObject(initCtx.issue) && initCtx.issue.issue_id === issueId)[attempt - 1],
				{ what: `attempt ${attempt} at ${issueId} is launched` },
			),
		/** A run is interrupted, or taken up again. */
		interrupt: ({ runId }: Order, is: boolean) => interruptions.get(runId)?.(is),
		end: ({ runId, initCtx }: Order, end: { readonly finalCtx?: Json; readonly failure?: string }) =>
			endOf(runId).resolve({ initCtx, finalCtx: end.finalCtx ?? null, failure: end.failure ?? null }),
		answer: (order: Order, patch: Json) =>
			endOf(order.runId).resolve({ initCtx: order.initCtx, finalCtx: finalCtxOf(order, patch), failure: null }),
		settled: (id: string) =>
			eventually(
				async () => {
					const issue = await enhance.issue(id)
					return issue?.status === 'applied' || issue?.status === 'rejected' ? issue : null
				},
				{ what: `issue ${id} ends` },
			),
		/** The next life on the same stores. */
		async restart(): Promise<void> {
			await loop.stop()
			loop = open()
			loop.start()
		},
		stop: () => loop.stop(),
		async [Symbol.asyncDispose]() {
			await loop.stop()
			db[Symbol.dispose]()
		},
	}
}
