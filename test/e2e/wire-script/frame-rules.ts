/** A frame as a client of the swarm sees it: JSON of one text message. */
export type Frame = { readonly [key: string]: unknown; readonly type: string; readonly req_id: string; readonly task_id: string }

type Rule = (value: unknown) => boolean

const text: Rule = (value) => typeof value === 'string'
const step: Rule = (value) => typeof value === 'string' && /^ST-./.test(value)
const count: Rule = (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 0xffff_ffff
const anything: Rule = (value) => value !== undefined

const request = { req_id: text, task_id: step }
const attempted = { ...request, agent: text, attempt: count }

/** Keys a frame must have. mlua-swarm 0.26.0's client loses a frame without a word when one is missing or of another type. */
const REQUIRED: { readonly [type: string]: { readonly [key: string]: Rule } } = {
	ask: { ...request, question: anything },
	hook_before: attempted,
	hook_after: { ...attempted, result: anything },
	spawn: { ...attempted, capability_token: text, directive: text },
}
/** Absent, or of their type; never null. */
const OPTIONAL: { readonly [key: string]: Rule } = {
	parent_req_id: text,
	worker_handle: text,
	worker: (value) => typeof value === 'object' && value !== null,
}

/** Why a stock client would lose this message; empty when it would not. */
export function violations(message: unknown): string[] {
	if (typeof message !== 'string') return ['not a text message']
	const frame = parse(message)
	if (frame === null) return [`not a JSON object: ${message.slice(0, 80)}`]
	const required = REQUIRED[String(frame.type)]
	if (!required) return [`unknown type ${JSON.stringify(frame.type)}`]
	const missing = Object.entries(required).filter(([key, rule]) => !rule(frame[key]))
	const wrong = Object.entries(OPTIONAL).filter(([key, rule]) => key in frame && !rule(frame[key]))
	return [...missing, ...wrong].map(([key]) => `${String(frame.type)}.${key} is ${JSON.stringify(frame[key])}`)
}

function parse(message: string): Record<string, unknown> | null {
	try {
		const value: unknown = JSON.parse(message)
		return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
	} catch {
		return null
	}
}
