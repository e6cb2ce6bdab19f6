import { type Clock, sleep } from '../../kernel/clock.ts'
import { newRunId } from '../../kernel/id.ts'
import type { Logger } from '../../kernel/log.ts'
import type { EventLog } from '../event/log.ts'
import type { Issue } from './issue.ts'
import { type WorkDeps, workOnIssue } from './work.ts'

export interface LoopDeps extends WorkDeps {
	readonly clock: Clock
	readonly events: Pick<EventLog, 'subscribe'>
	readonly log: Logger
	/** Issues that are worked on at a time, each about another Blueprint. One whose run is interrupted does not count. */
	readonly concurrency: number
}

export interface EnhanceLoop {
	/** Takes up the issues that an earlier life had in flight, then waits for more. May be called twice. */
	start(): void
	/** Lets go of everything where it stands: the next life goes on with it. Resolves when no work is left here. */
	stop(): Promise<void>
}

/** How long after the disk or the server refused an issue's work it is tried again. */
const AGAIN_AFTER_MS = 1000

/** Works on issues, oldest first and one at a time for each Blueprint; woken by what happens to issues, and never polls. */
export function newEnhanceLoop(deps: LoopDeps): EnhanceLoop {
	const stopping = new AbortController()
	let rounds: Promise<void> | undefined
	return {
		start() {
			rounds ??= stopping.signal.aborted ? undefined : run(deps, stopping.signal)
		},
		async stop() {
			stopping.abort(new Error('the server stops'))
			await rounds
		},
	}
}

async function run(deps: LoopDeps, signal: AbortSignal): Promise<void> {
	const bell = newBell()
	const working = new Set<Promise<void>>()
	const interrupted = new Set<string>()
	const begin = (issue: Issue): void => {
		const rests = (isSo: boolean): void => {
			if (isSo) interrupted.add(issue.id)
			else interrupted.delete(issue.id)
			bell.ring()
		}
		const work = untilDone(deps, issue, signal, rests).finally(() => {
			working.delete(work)
			rests(false)
		})
		working.add(work)
	}
	const unsubscribe = deps.events.subscribe((facts) => facts.some(({ kind }) => kind.startsWith('issue.')) && bell.ring())
	const wake = (): void => bell.ring()
	signal.addEventListener('abort', wake)
	try {
		for (const issue of await inTime(deps, signal, () => deps.enhance.issuesInFlight())) begin(issue)
		while (!signal.aborted) {
			const room = working.size - interrupted.size < deps.concurrency
			const issue = room ? await inTime(deps, signal, () => deps.enhance.takeIssue(newRunId())) : null
			if (issue) begin(issue)
			else await bell.next()
		}
	} catch (thrown) {
		if (!signal.aborted) deps.log.error('issues are no longer worked on', { error: thrown })
	} finally {
		signal.removeEventListener('abort', wake)
		unsubscribe()
		await Promise.all(working)
	}
}

/** Never throws: what goes wrong here is either the issue's own end or tried again. */
async function untilDone(deps: LoopDeps, issue: Issue, signal: AbortSignal, rests: (isSo: boolean) => void): Promise<void> {
	await inTime(deps, signal, () => workOnIssue(deps, issue, signal, rests)).catch(() => {})
}

/** Tries until it works. Throws the signal's reason. */
async function inTime<T>(deps: LoopDeps, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
	for (;;) {
		signal.throwIfAborted()
		try {
			return await work()
		} catch (error) {
			signal.throwIfAborted()
			deps.log.warn('work on issues is tried again', { error })
			await sleep(deps.clock, AGAIN_AFTER_MS, signal)
		}
	}
}

/** A ring that comes while nobody listens is heard by the next who does. */
function newBell() {
	let rung = false
	let wake: (() => void) | undefined
	return {
		ring(): void {
			rung = true
			wake?.()
		},
		async next(): Promise<void> {
			if (!rung)
				await new Promise<void>((resolve) => {
					wake = resolve
				})
			rung = false
			wake = undefined
		},
	}
}
