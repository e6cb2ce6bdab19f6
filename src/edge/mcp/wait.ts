import type { Clock } from '../../kernel/clock.ts'
import type { RunRecord } from '../../protocol/run.ts'
import { type MseClient, pathId } from '../client/client.ts'
import { type FollowOptions, followEvents } from '../client/follow-events.ts'
import { isAtRest } from '../client/follow-run.ts'
import { untilAnswered } from '../client/operator-backoff.ts'
import type { ToolCall } from './tool.ts'

/** Clients give up on a silent call after a minute by default. */
export const DEFAULT_WAIT_SECS = 30
export const LONGEST_WAIT_SECS = 3600
const FIRST_BEAT_MS = 1000
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
	let cancel = clock.after(FIRST_BEAT_MS, next)
	return () => cancel()
}

export interface Sight {
	readonly clock: Clock
	/** Ends the looking. */
	readonly until: AbortSignal
	/** Which events may have changed what is looked at. */
	readonly filter: NonNullable<FollowOptions['filter']>
}

/** Looks whenever such an event happens, until `isSeen` says so or the signal fires. A server that restarts meanwhile is waited for. */
export async function untilSeen(client: MseClient, { clock, until, filter }: Sight, isSeen: () => Promise<boolean>): Promise<void> {
	const seen = new AbortController()
	const signal = AbortSignal.any([until, seen.signal])
	const look = async (): Promise<void> => {
		if (await isSeen()) seen.abort()
	}
	// It may have happened before the stream stood.
	const follow = async (): Promise<void> => {
		for await (const _ of followEvents(client, { after: 'latest', filter, signal, onConnected: look, clock })) await look()
	}
	await untilAnswered(clock, signal, follow).catch((thrown) => {
		if (!signal.aborted) throw thrown
	})
}

export interface TurnWait extends Pick<Sight, 'clock' | 'until'> {
	/** Ends the waiting too. */
	readonly otherwise?: Promise<unknown>
}

/** What changes whether somebody still has to wait for a run. */
const TURNS = 'run.,approval.requested'

/** The run once it rests or asks for an approval, or as it is when the waiting ends. */
export async function runAtTurn(client: MseClient, id: string, { clock, until, otherwise }: TurnWait): Promise<RunRecord> {
	const read = (): Promise<RunRecord> => client.answer(client.v1.runs(pathId(id)).get())
	const first = await read()
	if (isTurn(first) || until.aborted) return first
	const left = new AbortController()
	otherwise?.then(
		() => left.abort(),
		() => {},
	)
	const sight = { clock, until: AbortSignal.any([until, left.signal]), filter: { run: id, kind: TURNS } }
	await untilSeen(client, sight, async () => isTurn(await read()))
	return read()
}

const isTurn = (run: RunRecord): boolean => isAtRest(run) || run.phase === 'waiting_approval' || run.phase === 'paused'
