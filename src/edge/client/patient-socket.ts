import { type Clock, sleep } from '../../kernel/clock.ts'
import { MseError } from '../../kernel/error.ts'
import { isJsonObject, type JsonObject, parseJson } from '../../kernel/json.ts'
import { askLine } from './unix-line.ts'

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
	const said = await askLine(path, request, signal)
	if ('code' in said) {
		const reason = said.code === 'EPIPE' ? 'the connection ended before the answer' : said.code
		return { reason, isSent: said.isSent, isHopeless: said.code === 'EACCES' || said.code === 'EPERM' }
	}
	const answer = parseJson(said.line)
	return isJsonObject(answer) ? { answer } : { reason: 'what it answers is no JSON object', isSent: true, isHopeless: false }
}

function unreachable(reason: string, isTaken: boolean, tries: number): MseError {
	const retried = tries === 0 ? '' : ` (retried ${tries}×)`
	const doubt = isTaken ? '; it may have been taken, so it was not repeated' : ''
	return new MseError('unavailable', `the hive did not answer at ${reason}${doubt}${retried}`, {
		code: 'unreachable',
		hint: 'Is `mse-server serve` running, and HIVE_SOCKET that of its hive?',
	})
}
