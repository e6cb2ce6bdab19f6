import type { Static, TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { MseError, messageOf } from '../../kernel/error.ts'
import { isJsonObject, parseJson } from '../../kernel/json.ts'
import {
	type OperatorsCreateReq,
	OperatorsCreateRespSchema,
	type OperatorsRequestsResp,
	OperatorsRequestsRespSchema,
} from '../../protocol/operator.ts'
import { type WorkerPrompt, WorkerPromptSchema } from '../../protocol/worker.ts'
import { kindOf } from './failure.ts'

/** What a session is reached with. The token is a secret. */
export interface OperatorCredential {
	readonly sid: string
	readonly token: string
}

/**
 * The HTTP half of an operator. Every call throws an MseError of the answer's kind and code; `unavailable` with code
 * `unreachable` when nobody answers, which is worth another try.
 */
export interface OperatorApi {
	join(body: OperatorsCreateReq, adminToken: string | undefined, signal: AbortSignal): Promise<OperatorCredential>
	leave(session: OperatorCredential): Promise<void>
	/** False when the session, or its token, is no longer known. */
	isAlive(session: OperatorCredential, signal: AbortSignal): Promise<boolean>
	pending(session: OperatorCredential): Promise<OperatorsRequestsResp['requests']>
	redeliver(session: OperatorCredential, reqId: string): Promise<void>
	prompt(handle: string, taskId: string, signal: AbortSignal): Promise<WorkerPrompt>
	submit(handle: string, text: string, ok: boolean, signal: AbortSignal): Promise<void>
	/** A named part beside the outcome. */
	artifact(handle: string, name: string, text: string, signal: AbortSignal): Promise<void>
}

/** Longest wait for an answer of the server, which makes none of these wait for others. */
const PATIENCE_MS = 30_000

export function operatorApi(baseUrl: string): OperatorApi {
	const call = (method: string, path: string, rest: Rest = {}) => callServer(`${baseUrl}${path}`, method, rest)
	const own = ({ sid }: OperatorCredential): string => `/v1/operators/${encodeURIComponent(sid)}`
	return {
		async join(json, bearer, signal) {
			const { sid, token } = await read(OperatorsCreateRespSchema, await call('POST', '/v1/operators', { bearer, json, signal }))
			return { sid, token }
		},
		leave: async (session) => void (await call('DELETE', own(session), { bearer: session.token })),
		isAlive: (session, signal) => call('GET', own(session), { bearer: session.token, signal }).then(() => true, isGone),
		async pending(session) {
			const answer = await call('GET', `${own(session)}/requests`, { bearer: session.token })
			return (await read(OperatorsRequestsRespSchema, answer)).requests
		},
		async redeliver(session, reqId) {
			await call('POST', `${own(session)}/requests/${encodeURIComponent(reqId)}/redeliver`, { bearer: session.token })
		},
		async prompt(handle, taskId, signal) {
			const answer = await call('GET', `/v1/worker/prompt?task_id=${encodeURIComponent(taskId)}`, { bearer: handle, signal })
			return read(WorkerPromptSchema, answer)
		},
		async submit(handle, text, ok, signal) {
			const { status } = await call('POST', `/v1/worker/submit${ok ? '' : '?ok=false'}`, { bearer: handle, text, signal })
			refuseOther(status)
		},
		async artifact(handle, name, text, signal) {
			const { status } = await call('POST', `/v1/worker/artifact?name=${encodeURIComponent(name)}`, { bearer: handle, text, signal })
			refuseOther(status)
		},
	}
}

function refuseOther(status: number): void {
	if (status !== 204) throw new MseError('internal', `The server answered a submit with ${status} where only 204 means accepted.`)
}

interface Rest {
	readonly bearer?: string | undefined
	readonly json?: unknown
	readonly text?: string
	readonly signal?: AbortSignal
}

async function callServer(url: string, method: string, { bearer, json, text, signal }: Rest): Promise<Response> {
	const headers = new Headers(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` })
	if (json !== undefined) headers.set('content-type', 'application/json')
	if (text !== undefined) headers.set('content-type', 'text/plain; charset=utf-8')
	const body = json === undefined ? text : JSON.stringify(json)
	const patience = AbortSignal.timeout(PATIENCE_MS)
	const init = { method, headers, signal: signal ? AbortSignal.any([signal, patience]) : patience, ...(body !== undefined && { body }) }
	const response = await fetch(url, init).catch((thrown: unknown) => {
		signal?.throwIfAborted()
		throw new MseError('unavailable', `No server answers at ${new URL(url).origin}: ${messageOf(thrown)}`, {
			code: 'unreachable',
			cause: thrown,
		})
	})
	if (!response.ok) throw await failureOf(response)
	return response
}

async function read<S extends TSchema>(schema: S, response: Response): Promise<Static<S>> {
	const value: unknown = parseJson(await response.text())
	if (Value.Check(schema, value)) return value
	throw new MseError('internal', `${response.url} answered with something else than this client understands.`, { code: 'bad_answer' })
}

/** The answer as our own error: its sentence, code and hint, or its text when it is somebody else's. */
async function failureOf(response: Response): Promise<MseError> {
	const text = await response.text().catch(() => '')
	const parsed = parseJson(text)
	const body = isJsonObject(parsed) ? parsed : {}
	const sentence = typeof body.error === 'string' ? body.error : `The server answered ${response.status} ${text.slice(0, 200)}`.trim()
	// A proxy's word about a server that is away: the call is worth another try.
	const isAway = response.status === 502 || response.status === 504
	return new MseError(isAway ? 'unavailable' : kindOf(response.status), sentence, {
		...(typeof body.code === 'string' && { code: body.code }),
		...(typeof body.hint === 'string' && { hint: body.hint }),
		details: body.details,
	})
}

function isGone(thrown: unknown): false {
	if (thrown instanceof MseError && (thrown.kind === 'not_found' || thrown.kind === 'unauthenticated')) return false
	throw thrown
}
