import { MseError } from '../../kernel/error.ts'
import { asText, type Json } from '../../kernel/json.ts'
import type { VerdictContract } from '../../protocol/blueprint-agent.ts'
import type { OutputEvent } from '../../protocol/output.ts'
import { contentValue } from './fold.ts'

export interface Signal {
	readonly ok: boolean
	readonly skip: boolean
}

const MEANING = { pass: { ok: true, skip: false }, blocked: { ok: false, skip: false }, skip: { ok: true, skip: true } } as const

/** What `?verdict=` and `?ok=` say together. Throws `malformed` when they contradict or are unknown words. */
export function toSignal(verdict: string | undefined, okText: string | undefined): Signal {
	const ok = parseOk(okText)
	if (verdict === undefined) return { ok: ok ?? true, skip: false }
	if (!isVerdict(verdict))
		throw new MseError('malformed', `verdict must be one of: pass, blocked, skip (got "${verdict}")`, { code: 'unknown_verdict' })
	const meaning = MEANING[verdict]
	if (ok !== undefined && ok !== meaning.ok)
		throw new MseError('malformed', `conflicting signal: verdict=${verdict} with ok=${ok}; drop one of them`, {
			code: 'conflicting_signal',
		})
	return meaning
}

function isVerdict(text: string): text is keyof typeof MEANING {
	return Object.hasOwn(MEANING, text)
}

function parseOk(text: string | undefined): boolean | undefined {
	if (text === undefined) return undefined
	if (text === 'true' || text === 'false') return text === 'true'
	throw new MseError('malformed', `ok must be true or false (got "${text}")`, { code: 'bad_query' })
}

/** The part that a contract on channel `part` is about. */
export const VERDICT_PART = 'verdict'

/** Checks a passing Final against its agent's contract. Throws `invalid` (code `verdict_contract`) that names the values. */
export function requireContract(
	contract: VerdictContract | undefined,
	value: Json,
	tail: readonly { readonly event: OutputEvent }[],
): void {
	if (!contract) return
	if (contract.channel === 'body') requireMember(contract, value)
	else requireMember(contract, stagedVerdict(contract, tail))
}

/** Values are compared as text, before any folding. */
export function requireMember(contract: VerdictContract, value: Json): void {
	const text = asText(value)
	if (contract.values.includes(text)) return
	throw violation(`"${shortened(text)}" is not a member of the declared values ${JSON.stringify(contract.values)}`)
}

function stagedVerdict({ values }: VerdictContract, tail: readonly { readonly event: OutputEvent }[]): Json {
	const part = tail.map(({ event }) => event).findLast((event) => event.type === 'artifact' && event.name === VERDICT_PART)
	if (part?.type === 'artifact') return contentValue(part.content)
	throw violation(`no staged "verdict" part found for this attempt; declared values ${JSON.stringify(values)}`)
}

function shortened(text: string): string {
	return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

function violation(what: string): MseError {
	return new MseError('invalid', `verdict contract violation: ${what}`, { code: 'verdict_contract' })
}
