import { isIP } from 'node:net'

/** What a key may hold. Text comes from a flag or the environment; anything else from the TOML file. */
export interface ValueType<T> {
	/** Completes the sentence "expected …". */
	readonly expected: string
	/** Stands for the value in help texts; a switch has none. */
	readonly placeholder: string | null
	/** Text as the value a TOML file would have held. */
	readonly fromText: (text: string) => unknown
	/** The value, or `undefined` when it is not one. */
	readonly check: (value: unknown) => T | undefined
	/** The value names files: a leading `~/` is the home folder. */
	readonly paths?: boolean
}

/** A literal address to listen on. `text` is `host:port` with an IPv6 host in brackets. */
export interface SocketAddress {
	readonly host: string
	readonly port: number
	readonly text: string
}

const asIs = (text: string): unknown => text

export const text: ValueType<string> = {
	expected: 'a text that is not empty',
	placeholder: 'TEXT',
	fromText: asIs,
	check: (value) => (typeof value === 'string' && value !== '' ? value : undefined),
}

export const path: ValueType<string> = { ...text, expected: 'a path', placeholder: 'PATH', paths: true }

export const hex: ValueType<string> = {
	expected: 'an even number of hex digits',
	placeholder: 'HEX',
	fromText: asIs,
	check: (value) => (typeof value === 'string' && /^([0-9a-f]{2})+$/i.test(value) ? value.toLowerCase() : undefined),
}

export const onOff: ValueType<boolean> = {
	expected: 'true or false',
	placeholder: null,
	fromText: (given) => ({ true: true, '1': true, false: false, '0': false })[given],
	check: (value) => (typeof value === 'boolean' ? value : undefined),
}

export const autoOnOff: ValueType<boolean | 'auto'> = {
	expected: 'auto, true or false',
	placeholder: 'auto|true|false',
	fromText: (given) => (given === 'auto' ? given : onOff.fromText(given)),
	check: (value) => (value === 'auto' ? value : onOff.check(value)),
}

/** Parts are separated by commas in text, and by array items in the file. */
export const textList: ValueType<readonly string[]> = {
	expected: 'a list of texts',
	placeholder: 'TEXT,…',
	fromText: (given) => given.split(',').map((part) => part.trim()),
	check: (value) => (Array.isArray(value) && value.every((item) => text.check(item) !== undefined) ? value : undefined),
}

export const pathList: ValueType<readonly string[]> = { ...textList, expected: 'a list of paths', placeholder: 'PATH,…', paths: true }

/** Tables by name; as text, one JSON object. Whoever reads them says what may be in them. */
export const tables: ValueType<{ readonly [name: string]: { readonly [key: string]: unknown } }> = {
	expected: 'tables by name',
	placeholder: 'JSON',
	fromText: parseObject,
	check: (value) =>
		isTable(value) && Object.values(value as object).every(isTable) ? (value as Record<string, Record<string, unknown>>) : undefined,
}

/** One table; as text, a JSON object. Whoever reads it says what may be in it. */
export const table: ValueType<{ readonly [key: string]: unknown }> = {
	expected: 'a table',
	placeholder: 'JSON',
	fromText: parseObject,
	check: (value) => (isTable(value) ? (value as Record<string, unknown>) : undefined),
}

/** A number with a fraction; `max` is the largest one taken. */
export function decimal(unit: string, min = 0, max = Number.MAX_SAFE_INTEGER): ValueType<number> {
	return {
		expected: max === Number.MAX_SAFE_INTEGER ? `a number of ${unit}, ${min} or more` : `a number from ${min} to ${max}`,
		placeholder: 'N',
		fromText: (given) => (/^\d+(\.\d+)?$/.test(given) ? Number(given) : undefined),
		check: (value) => (typeof value === 'number' && value >= min && value <= max ? value : undefined),
	}
}

export function wholeNumber(unit: string, min = 0): ValueType<number> {
	return {
		expected: `a whole number of ${unit}, ${min} or more`,
		placeholder: 'N',
		fromText: (given) => (/^\d+$/.test(given) ? Number(given) : undefined),
		check: (value) => (typeof value === 'number' && Number.isSafeInteger(value) && value >= min ? value : undefined),
	}
}

export function oneOf<const T extends string>(...words: readonly T[]): ValueType<T> {
	return {
		expected: `one of ${words.join(', ')}`,
		placeholder: words.join('|'),
		fromText: asIs,
		check: (value) => words.find((word) => word === value),
	}
}

export const url: ValueType<string> = {
	expected: 'an http(s) URL',
	placeholder: 'URL',
	fromText: asIs,
	check: (value) => (typeof value === 'string' && /^https?:$/.test(protocolOf(value)) ? value : undefined),
}

/** Texts by name: a table in the file, `name=value,name=value` in text, with values percent-encoded as OpenTelemetry has them. */
export const pairs: ValueType<Readonly<Record<string, string>>> = {
	expected: 'texts by name, such as name=value,name=value',
	placeholder: 'NAME=VALUE,…',
	fromText: parsePairs,
	check: (value) =>
		isTable(value) && Object.values(value as object).every((item) => typeof item === 'string')
			? (value as Record<string, string>)
			: undefined,
}

export const urlOrSelf: ValueType<string> = {
	expected: 'an http(s) URL, or the word self',
	placeholder: 'URL|self',
	fromText: asIs,
	check: (value) => (typeof value === 'string' && (value === 'self' || /^https?:$/.test(protocolOf(value))) ? value : undefined),
}

export const socketAddress: ValueType<SocketAddress> = {
	expected: 'an IP address and a port, such as 127.0.0.1:7777 or [::1]:7777',
	placeholder: 'IP:PORT',
	fromText: asIs,
	check: (value) => (typeof value === 'string' ? parseSocketAddress(value) : undefined),
}

function parseSocketAddress(given: string): SocketAddress | undefined {
	const parts = /^(?:\[(?<six>[^\]]+)\]|(?<four>[^:[\]]+)):(?<port>\d{1,5})$/.exec(given)?.groups
	const port = Number(parts?.port)
	const host = parts?.six ?? parts?.four
	if (host === undefined || port > 65535 || isIP(host) !== (parts?.six === undefined ? 4 : 6)) return undefined
	return { host, port, text: given }
}

/** Whether only programs on this machine can reach it. */
export function isLoopback({ host }: SocketAddress): boolean {
	return host === '::1' || /^(::ffff:)?127\./i.test(host)
}

function parsePairs(given: string): unknown {
	const parts = given.split(',').filter((part) => part.trim() !== '')
	try {
		return Object.fromEntries(
			parts.map((part) => {
				const at = part.indexOf('=')
				if (at < 1) throw new URIError('no name')
				return [part.slice(0, at).trim(), decodeURIComponent(part.slice(at + 1).trim())]
			}),
		)
	} catch {
		return undefined
	}
}

function parseObject(given: string): unknown {
	try {
		return JSON.parse(given)
	} catch {
		return undefined
	}
}

const isTable = (value: unknown): boolean =>
	typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)

function protocolOf(given: string): string {
	return URL.canParse(given) ? new URL(given).protocol : ''
}
