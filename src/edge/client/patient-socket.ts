import { type Clock, sleep } from '../../kernel/clock.ts'
import { MseError } from '../../kernel/error.ts'
import { isJsonObject, type JsonObject, parseJson } from '../../kernel/json.ts'

export interface PatientSocket {
	/** Of the socket of an agent or of the manager. */
	readonly path: string
	readonly clock: Clock
	/** Pauses between tries while nobody answers there. */
	readonly pausesMs?: readonly number[]
}

export interface Asked {
	readonly signal?: AbortSignal | undefined
	/** Whether the request does no harm when it is made twice. */
	readonly mayRepeat: boolean
}

/** What a server that is started again may take. */
const PAUSES_MS = [2000, 4000, 8000, 16_000, 30_000]

/**
 * One request on a connection of its own, tried again while the server is away. One that may not be repeated is not made again
 * once a byte of it may have been taken. Throws `unavailable` (code `unreachable`) when the tries are used up, and the signal's reason.
 */
export async function askPatiently(socket: PatientSocket, request: object, { signal, mayRepeat }: Asked): Promise<JsonObject> {
	const { path, clock, pausesMs = PAUSES_MS } = socket
	for (let tries = 0; ; tries++) {
		signal?.throwIfAborted()
		const tried = await askOnce(path, request, signal)
		if ('answer' in tried) return tried.answer
		const pause = tried.isHopeless ? undefined : pausesMs[tries]
		const isTaken = tried.isSent && !mayRepeat
		if (isTaken || pause === undefined) throw unreachable(`${path}: ${tried.reason}`, isTaken, tries)
		await sleep(clock, pause, signal)
	}
}

type Tried = { readonly answer: JsonObject } | { readonly reason: string; readonly isSent: boolean; readonly isHopeless: boolean }

/** Never throws but for the signal. */
async function askOnce(path: string, request: object, signal: AbortSignal | undefined): Promise<Tried> {
	const { promise, resolve, reject } = Promise.withResolvers<Tried>()
	const decoder = new TextDecoder()
	let rest = new TextEncoder().encode(`${JSON.stringify(request)}\n`)
	let said = ''
	let isSent = false
	const fail = (reason: string): void => resolve({ reason, isSent, isHopeless: reason === 'EACCES' || reason === 'EPERM' })
	const send = (socket: Bun.Socket): void => {
		isSent = true
		rest = rest.subarray(Math.max(0, socket.write(rest)))
	}
	const stop = (): void => reject(signal?.reason)
	signal?.addEventListener('abort', stop, { once: true })
	const connecting = Bun.connect({
		unix: path,
		socket: {
			open: send,
			drain: send,
			data(_, chunk) {
				said += decoder.decode(chunk, { stream: true })
				const end = said.indexOf('\n')
				const answer = end < 0 ? null : parseJson(said.slice(0, end))
				if (isJsonObject(answer)) resolve({ answer })
				else if (end >= 0) fail('what it answers is no JSON object')
			},
			close: () => fail('the connection ended before the answer'),
			error: (_, error) => fail(codeOf(error)),
			connectError: (_, error) => fail(codeOf(error)),
		},
	})
	connecting.catch((error) => fail(codeOf(error)))
	try {
		return await promise
	} finally {
		signal?.removeEventListener('abort', stop)
		void connecting.then((socket) => socket.terminate()).catch(() => {})
	}
}

function unreachable(reason: string, isTaken: boolean, tries: number): MseError {
	const retried = tries === 0 ? '' : ` (retried ${tries}×)`
	const doubt = isTaken ? '; it may have been taken, so it was not repeated' : ''
	return new MseError('unavailable', `the hive did not answer at ${reason}${doubt}${retried}`, {
		code: 'unreachable',
		hint: 'Is `mse-server serve` running, and HIVE_SOCKET that of its hive?',
	})
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'EUNKNOWN')
