import { MseError } from '../../kernel/error.ts'
import { isJsonObject } from '../../kernel/json.ts'
import type { ProtocolEvent } from '../../protocol/runtime-frame.ts'
import { executionUnavailable } from './failure.ts'
import type { WorkerRuntime } from './runtime.ts'
import { newSerial } from './serial.ts'

export interface TurnEnd {
	/** What the worker said in this turn. */
	readonly text: string
	/** False when it stopped at a limit of its own. */
	readonly ok: boolean
}

/** Whole turns of workers, for those who want the answer: turns of one worker wait for each other. */
export interface Turns {
	/**
	 * Gives a turn and waits for its end. Throws an Error with the worker's own words when the turn failed or the worker ended, and
	 * the signal's reason when that fires; the worker is then told to cancel the turn.
	 */
	take(workerId: string, content: string, signal: AbortSignal): Promise<TurnEnd>
}

export function newTurns(runtime: WorkerRuntime): Turns {
	const serial = newSerial()
	return { take: (workerId, content, signal) => serial(workerId, () => takeTurn(runtime, workerId, content, signal)) }
}

async function takeTurn(runtime: WorkerRuntime, workerId: string, content: string, signal: AbortSignal): Promise<TurnEnd> {
	for (;;) {
		signal.throwIfAborted()
		const turn = newTurn(signal)
		try {
			await runtime.input(workerId, { kind: 'user', content }, (listen) => turn.begin(listen))
			return await turn.ended
		} catch (error) {
			if (!isBusy(error)) throw error
			// Somebody else talks to it.
			await untilIdle(runtime, workerId, signal)
		} finally {
			turn.release()
			if (signal.aborted) await runtime.method(workerId, { method: 'cancel' }).catch(() => false)
			await runtime.flushed(workerId)
		}
	}
}

type Listen = (listener: (event: ProtocolEvent) => void) => () => void

function newTurn(signal: AbortSignal) {
	const { promise, resolve, reject } = Promise.withResolvers<TurnEnd>()
	promise.catch(() => {})
	const stop = (): void => reject(signal.reason)
	signal.addEventListener('abort', stop, { once: true })
	let unlisten = (): void => {}
	const done: string[] = []
	let deltas = ''
	const hear = ({ event, data }: ProtocolEvent): void => {
		const said = isJsonObject(data) ? data : {}
		if (event === 'text_delta') deltas += String(said.text ?? '')
		if (event === 'text_done') done.push(String(said.text ?? ''))
		if (event === 'error') reject(new Error(String(said.message ?? 'the worker reported an error')))
		if (event === 'shutdown') reject(new Error('the worker was ended during this turn'))
		if (event === 'run_end' && said.result !== 'paused')
			resolve({ text: done.length > 0 ? done.join('\n') : deltas, ok: said.result !== 'limit_reached' })
	}
	return {
		ended: promise,
		begin(listen: Listen): void {
			unlisten = listen(hear)
		},
		release(): void {
			unlisten()
			signal.removeEventListener('abort', stop)
		},
	}
}

const isBusy = (error: unknown): boolean =>
	error instanceof MseError && error.code === 'worker_execution_rejected' && isJsonObject(error.details) && error.details.outcome === 'busy'

async function untilIdle(runtime: WorkerRuntime, workerId: string, signal: AbortSignal): Promise<void> {
	const { promise, resolve } = Promise.withResolvers<void>()
	const unlisten = runtime.listen(workerId, ({ event }) => {
		if (['run_end', 'error', 'status', 'shutdown'].includes(event)) resolve()
	})
	if (unlisten === null) throw executionUnavailable(workerId, 'it ended')
	signal.addEventListener('abort', () => resolve(), { once: true })
	// It may have become idle before anybody listened.
	if ((await runtime.require(workerId)).execution.run_state !== 'busy') resolve()
	await promise
	unlisten()
}
