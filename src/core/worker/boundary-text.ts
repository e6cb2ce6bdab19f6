/** What must not be in text that crosses the trust line: paths of sockets, sessions and caches, addresses, control characters. */
const FORBIDDEN = [
	'.cache',
	'.yoi/sessions',
	'.yoi\\sessions',
	'/sessions/',
	'\\sessions',
	'/run/',
	'\\run',
	'.sock',
	'/sock',
	'\\sock',
	'socket=',
	'session_path',
	'cache_path',
]
const FORBIDDEN_IN_REFERENCES = ['.cache', '.yoi', '.sock', 'socket=', 'session_path', 'cache_path']
const MOST_BYTES = 2048

/** Why text may not cross, or null when it may. */
export function boundaryFault(text: string): string | null {
	const trimmed = text.trim()
	if (Buffer.byteLength(trimmed) > MOST_BYTES) return `is longer than ${MOST_BYTES} bytes`
	if (/\p{Cc}/u.test(trimmed)) return 'holds a control character'
	if (/^[/~]/.test(trimmed)) return 'starts like a path of this host'
	if (trimmed.includes('://')) return 'holds an address (`://`)'
	const found = FORBIDDEN.find((part) => trimmed.toLowerCase().includes(part))
	return found === undefined ? null : `holds \`${found}\``
}

/** Why text is no reference, or null when it is one. */
export function referenceFault(text: string): string | null {
	const fault = boundaryFault(text)
	if (fault !== null) return fault
	if (text.trim() !== text) return 'has spaces around it'
	if (!/^[A-Za-z0-9:\-_.@+]*$/.test(text)) return 'holds a character that references do not have'
	const found = FORBIDDEN_IN_REFERENCES.find((part) => text.toLowerCase().includes(part))
	return found === undefined ? null : `holds \`${found}\``
}
