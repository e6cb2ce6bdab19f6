import { type LintOptions, lintBlueprint } from '../core/blueprint/lint.ts'
import { blueprintHash } from '../core/blueprint/normal-form.ts'
import type { Registry } from '../core/dispatch/backend.ts'
import { compilePlan } from '../core/dispatch/plan.ts'
import type { AskGate } from '../core/enhance/gate.ts'
import { type EnhanceLoop, newEnhanceLoop } from '../core/enhance/loop.ts'
import { seedEnhance } from '../core/enhance/orbit.ts'
import type { EnhanceRun, EnhanceRuns, WorkDeps } from '../core/enhance/work.ts'
import type { RunService } from '../core/run/launch/request.ts'
import { isTerminal, type Run } from '../core/run/record.ts'
import { raceAbort } from '../kernel/abort.ts'
import { MseError, messageOf } from '../kernel/error.ts'
import type { RunId } from '../kernel/id.ts'
import { isJsonObject, type Json } from '../kernel/json.ts'
import type { Blueprint } from '../protocol/blueprint.ts'
import type { DataDir } from '../store/data-dir.ts'
import type { EngineOptions } from './option.ts'
import type { Stores } from './stores.ts'

/** Why a Blueprint does not compile with what this engine has. */
export function compileProblems(registry: Registry, offered: LintOptions, blueprint: Blueprint): readonly string[] {
	const errors = lintBlueprint(blueprint, offered).filter(({ level }) => level === 'error')
	if (errors.length > 0) return errors.map(({ path, message }) => `${message} at ${path}`)
	try {
		compilePlan(registry, offered, blueprint, blueprintHash(blueprint))
		return []
	} catch (thrown) {
		return [messageOf(thrown)]
	}
}

/**
 * What works on issues, seeded and not begun; null while `enable_enhance_flow` is off. `ask` is where verified changes wait for
 * consent, where they or all commits shall.
 */
export async function openEnhance(
	{ config, clock, log }: EngineOptions,
	{ fault }: DataDir,
	stores: Stores,
	service: RunService,
	ask: AskGate,
): Promise<EnhanceLoop | null> {
	if (!config.enableEnhanceFlow) return null
	const { maxAttempts, concurrency } = config.enhance
	const approval = config.enhance.approval || config.gate.blueprints === 'approval'
	const { enhance, blueprints, blueprintStore, events } = stores
	if (blueprintStore) await seedEnhance(enhance, blueprints)
	return newEnhanceLoop({
		...{ enhance, blueprints, clock, log, events, fault, maxAttempts, concurrency },
		runs: enhanceRuns(stores, service),
		apply: applyTo(stores),
		ask: approval ? ask : undefined,
	})
}

/** An issue's run asks whoever is there, also when nobody is yet; its time to live is what its setting says. */
function enhanceRuns({ runs, events }: Stores, service: RunService): EnhanceRuns {
	return {
		exists: async (id) => (await runs.listed(id)) !== null,
		async launch({ runId, reference, goal, initCtx, ttlSecs }) {
			const operator = { id: 'mse-enhance', kind: 'automate' } as const
			await service.launch({ runId, reference, goal, initCtx, ttlSecs, operator, detach: true, waitsForOperator: true })
		},
		async untilEnded(id, signal, interrupted) {
			const ended = Promise.withResolvers<void>()
			const unsubscribe = events.subscribe((facts) => {
				for (const { kind } of facts.filter(({ run_id }) => run_id === id)) {
					if (ENDS.has(kind)) ended.resolve()
					if (kind === 'run.interrupted' || kind === 'run.resumed') interrupted(kind === 'run.interrupted')
				}
			})
			try {
				if ((await runs.listed(id))?.status === 'interrupted') interrupted(true)
				const run = await runs.run(id)
				if (run && isTerminal(run.status)) return toEnhanceRun(run)
				await raceAbort(ended.promise, signal)
				return toEnhanceRun(await runs.run(id), id)
			} finally {
				unsubscribe()
			}
		},
	}
}

const ENDS: ReadonlySet<string> = new Set(['run.done', 'run.failed', 'run.cancelled'])

/** Why the run of an issue waits for somebody, as sentences; null while it goes on by itself. */
export async function interruptionOf(runs: Pick<Stores['runs'], 'listed' | 'run'>, id: RunId): Promise<string | null> {
	if ((await runs.listed(id))?.status !== 'interrupted') return null
	const whole = await runs.run(id).catch(() => null)
	const message = whole === null ? 'It cannot be read.' : (messageOfResult(whole.result) ?? 'It was interrupted.')
	return `${message}${/[.!?]$/.test(message) ? '' : '.'} Resume run ${id} or cancel it.`
}

function toEnhanceRun(run: Run | null, id?: RunId): EnhanceRun {
	if (!run) throw new MseError('not_found', `Run ${id} is gone.`)
	const { initCtx, result, status } = run
	if (status === 'done') return { initCtx, finalCtx: result, failure: null }
	const message = messageOfResult(result)
	return { initCtx, finalCtx: null, failure: `${status === 'failed' ? 'failed' : 'was cancelled'}${message ? `: ${message}` : ''}` }
}

function messageOfResult(result: Json): string | null {
	const error = isJsonObject(result) ? result.error : null
	const message = isJsonObject(error) ? error.message : error
	return typeof message === 'string' && message !== '' ? message : null
}

/** A Blueprint store of somebody else's has transactions of its own: the commit comes first, and is not made twice. */
function applyTo({ enhance, blueprintStore, pins }: Stores): WorkDeps['apply'] {
	if (!blueprintStore || blueprintStore === pins) return (id, change, entry) => enhance.applyIssue(id, change, entry)
	return async (id, change, entry) => {
		await blueprintStore.commit(change)
		return enhance.settleIssue(id, { status: 'applied', newVersion: entry.new_hash }, entry)
	}
}
