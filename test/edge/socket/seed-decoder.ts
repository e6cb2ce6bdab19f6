/** What a reader of the original types takes: closed enums, no null, the named keys in their order, times as integers. */
type Check = (value: unknown) => boolean

const isText: Check = (value) => typeof value === 'string'
const isInteger: Check = (value) => Number.isInteger(value)
const oneOf =
	(...words: string[]): Check =>
	(value) =>
		words.some((word) => word === value)
const listOf =
	(check: Check): Check =>
	(value) =>
		Array.isArray(value) && value.every(check)

/** Keys in this order; those with `?` may be left out. */
function record(fields: { readonly [key: string]: Check }): Check {
	const known = Object.entries(fields).map(([key, check]) => ({ name: key.replace('?', ''), isOptional: key.endsWith('?'), check }))
	return (value) => {
		if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
		const given = Object.entries(value)
		const expected = known.filter(({ name, isOptional }) => !isOptional || Object.hasOwn(value, name))
		return given.length === expected.length && expected.every(({ name, check }, at) => given[at]?.[0] === name && check(given[at]?.[1]))
	}
}

const status = oneOf('pending', 'approved', 'denied', 'failed')
const approval = record({
	...{ id: isInteger, agent: isText, kind: oneOf('apply_commit', 'spawn'), commit_ref: isText, requested_at: isInteger, status },
	...{ 'resolved_at?': isInteger, 'note?': isText },
})
const host = record({
	...{ ok: (value) => typeof value === 'boolean', 'error?': isText, 'agents?': listOf(isText), 'approvals?': listOf(approval) },
	'version?': isInteger,
})
const kind = (word: string, fields: { readonly [key: string]: Check } = {}): Check => record({ kind: oneOf(word), ...fields })
const agents = [
	kind('ok'),
	kind('err', { message: isText }),
	kind('message', { from: isText, body: isText }),
	kind('empty'),
	kind('status', { unread: isInteger }),
]

export const helperEvent: Check = record({
	...{ event: oneOf('approval_resolved'), id: isInteger, agent: isText, commit_ref: isText, status, 'note?': isText },
})

/** Throws for a line that such a reader would refuse. */
export function decodeAsSeed(socket: 'host' | 'agent', line: string): Record<string, unknown> {
	const value = JSON.parse(line) as Record<string, unknown>
	const fits = socket === 'host' ? host(value) : agents.some((check) => check(value))
	if (!fits) throw new Error(`a client of the ${socket} socket cannot read ${line}`)
	if (socket === 'host' && value.ok === (value.error !== undefined)) throw new Error(`ok and error contradict each other in ${line}`)
	if (value.kind === 'message' && value.from === 'system' && !helperEvent(JSON.parse(String(value.body))))
		throw new Error(`the manager cannot read the event in ${line}`)
	return value
}
