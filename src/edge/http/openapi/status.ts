import type { TSchema } from '@sinclair/typebox'
import { SwarmErrorSchema } from '../../../protocol/error.ts'
import { RuntimeHttpErrorSchema } from '../../../protocol/runtime.ts'

/** What an answer with a status means in general, and for refusals one that may stand in it. */
const STATUSES: { readonly [status: string]: { readonly means: string; readonly error?: readonly [code: string, sentence: string] } } = {
	101: { means: 'The connection is a WebSocket from here on.' },
	200: { means: 'Done.' },
	201: { means: 'Made.' },
	202: { means: 'Accepted; the work goes on.' },
	204: { means: 'Done; there is nothing to say.' },
	304: { means: 'The caller has it already.' },
	400: { means: 'Unreadable, or refused for what it means.', error: ['invalid_json', 'The body is not valid JSON.'] },
	401: { means: 'No credential, or a wrong one.', error: ['admin_token_required', 'This server wants its admin token.'] },
	403: {
		means: 'A credential for something else, or a Host or Origin this server does not answer to.',
		error: ['foreign_host', 'The Host header of this request is not one this server answers to.'],
	},
	404: { means: 'There is no such thing.', error: ['unknown_run', 'Run R-0 does not exist.'] },
	405: {
		means: 'The path has no such method; `Allow` names those it has.',
		error: ['method_not_allowed', 'PATCH is not a method of this path.'],
	},
	409: { means: 'It clashes with how things stand.', error: ['run_not_ended', 'Run R-0 is still running.'] },
	410: { means: 'It was there and has ended.', error: ['attempt_ended', 'The attempt has ended.'] },
	412: { means: 'A condition of the request does not hold.', error: ['conflict', 'The head has moved.'] },
	413: { means: 'Larger than the limit, which is in the answer.', error: ['body_too_large', 'The body is larger than 2097152 bytes.'] },
	415: { means: 'Another content type is wanted.', error: ['unsupported_media_type', 'This route takes a JSON body.'] },
	422: { means: 'Readable, and not of the right shape or against a contract.', error: ['invalid_body', '`blueprint` has to be present.'] },
	426: { means: 'This route is a WebSocket.', error: ['upgrade_required', 'This route is a WebSocket.'] },
	429: { means: 'Too much at once.', error: ['throttled', 'Too many requests wait.'] },
	500: {
		means: 'A defect of the server; its log has the details under the request id.',
		error: ['internal', 'The server hit an unexpected error.'],
	},
	503: { means: 'Not now; the same request may succeed later.', error: ['storage_unavailable', 'The database cannot be written.'] },
	504: { means: 'It was not done in time.', error: ['timed_out', 'The run did not end within 10 seconds.'] },
}

/** A sentence about a status; undefined for one that nothing here answers with. */
export const meaningOf = (status: string): string | undefined => STATUSES[status]?.means

/** A refusal with that status, as an example in the shape of its family. */
export function refusalExample(status: string, schema: TSchema): object | undefined {
	const [code, error] = STATUSES[status]?.error ?? []
	if (code === undefined) return undefined
	return schema === RuntimeHttpErrorSchema ? { error: { code, message: error } } : { error, code }
}

/** What the frame around the routes answers by itself, by what the route is. A route may say more, or say it better. */
export function frameStatuses(route: {
	readonly method: string
	readonly takesJson: boolean
	readonly takesBytes: boolean
	readonly hasInput: boolean
	readonly isOpen: boolean
	/** Of the worker runtime, which answers 400 to every body it cannot read. */
	readonly isRuntime: boolean
}): { readonly [status: string]: TSchema } {
	const { method, takesJson, takesBytes } = route
	const statuses = [
		...(takesJson || takesBytes || route.hasInput || method === 'WS' ? [400] : []),
		...(route.isOpen ? [] : [401]),
		403,
		...(method === 'GET' || method === 'WS' ? [] : [413, 503]),
		...(takesJson && !route.isRuntime ? [415, 422] : []),
	]
	return Object.fromEntries(statuses.map((status) => [status, route.isRuntime ? RuntimeHttpErrorSchema : SwarmErrorSchema]))
}
