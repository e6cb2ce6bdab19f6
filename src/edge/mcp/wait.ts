import type { Clock } from '../../kernel/clock.ts'
import type { RunRecord } from '../../protocol/run.ts'
import { type MseClient, pathId } from '../client/client.ts'
import { followEvents } from '../client/follow-events.ts'
import { isAtRest } from '../client/follow-run.ts'
import { untilAnswered } from '../client/operator-backoff.ts'
import type { ToolCall } from './tool.ts'

/** Clients give up on a silent call after a minute by default. */
export const DEFAULT_WAIT_SECS = 30
export const LONGEST_WAIT_SECS = 3600
const BEAT_MS = 5000

/** Waits for what `work` waits for, at most so long, and tells the client all the while; the signal it gets fires when the time is over. */
export async function waiting<T>(
	{ clock, signal, progress }: Pick<ToolCall, 'clock' | 'signal' | 'progress'>,
	secs: number,
	what: string,
	work: (until: AbortSignal) => Promise<T>,
): Promise<T> {
	const over = new AbortController()
	const cancelDeadline = clock.after(secs * 1000, () => over.abort())
	const cancelBeat = beat(clock, (past) => progress(`${what}, ${past} s so far`))
	try {
		const found = await work(AbortSignal.any([signal, over.signal]))
		signal.throwIfAborted()
		return found
	} finally {
		cancelDeadline()
		cancelBeat()
		over.abort()
	}
}

function beat(clock: Clock, tell: (secsSoFar: number) => void): () => void {
	const began = clock.now()
	const next = (): void => {
		tell(Math.round((clock.now() - began) / 1000))
		cancel = clock.after(BEAT_MS, next)
	}
	let cancel = (): void => {}
	next()
	return () => cancel()
}

/** What changes whether somebody still has to wait for a run. */
const TURNS = 'run.,approval.requested'

export interface TurnWait {
	readonly clock: Clock
	/** Ends the waiting. */
	readonly until: AbortSignal
	/** So does this. */
	readonly otherwise?: Promise<unknown>
}

/** The run once it rests or asks for an approval, or as it is when the waiting ends. A server that restarts meanwhile is waited for. */
export async function runAtTurn(client: MseClient, id: string, { clock, until, otherwise }: TurnWait): Promise<RunRecord> {
	const read = (): Promise<RunRecord> => client.answer(client.v1.runs(pathId(id)).get())
	const first = await read()
	if (isTurn(first) || until.aborted) return first
	const left = new AbortController()
	otherwise?.then(
		() => left.abort(),
		() => {},
	)
	const signal = AbortSignal.any([until, left.signal])
	const look = async (): Promise<void> => {
		if (isTurn(await untilAnswered(clock, signal, read))) left.abort()
	}
	// It may have turned between the look at it and the stream.
	const events = followEvents(client, { after: 'latest', filter: { run: id, kind: TURNS }, signal, onConnected: look, clock })
	for await (const _ of events) await look().catch(unlessAborted(signal))
	return read()
}

const isTurn = (run: RunRecord): boolean => isAtRest(run) || run.phase === 'waiting_approval' || run.phase === 'paused'

const unlessAborted =
	(signal: AbortSignal) =>
	(thrown: unknown): void => {
		if (!signal.aborted) throw thrown
	}
