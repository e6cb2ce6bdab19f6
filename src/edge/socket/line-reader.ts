/** One line without its end, or why nothing more of this connection can be read. */
export type Line = { readonly text: string } | { readonly fault: string }

export interface LineReader {
	/** The lines that this chunk completes. After a fault there are no more. */
	push(chunk: Uint8Array): readonly Line[]
	/** What stood after the last line end, if anything. */
	end(): readonly Line[]
}

const LINE_FEED = 0x0a

/** Cuts bytes into lines before it decodes them, so that no character is ever split. Lines of white space are left out. */
export function newLineReader(maxBytes: number): LineReader {
	let rest = new Uint8Array(0)
	let length = 0
	let broken = false
	const keep = (part: Uint8Array): void => {
		if (length + part.length > rest.length) rest = grown(rest.subarray(0, length), length + part.length)
		rest.set(part, length)
		length += part.length
	}
	const take = (part: Uint8Array): Line[] => {
		keep(part)
		const bytes = rest.subarray(0, length)
		length = 0
		return lineOf(bytes)
	}
	return {
		push(chunk) {
			const lines: Line[] = []
			for (let from = 0; from < chunk.length && !broken; ) {
				const at = chunk.indexOf(LINE_FEED, from)
				const part = chunk.subarray(from, at < 0 ? chunk.length : at)
				if (length + part.length > maxBytes) lines.push({ fault: `the line is longer than ${maxBytes} bytes (hive.max_line_bytes)` })
				else if (at < 0) keep(part)
				else lines.push(...take(part))
				broken = lines.some((line) => 'fault' in line)
				from = at < 0 ? chunk.length : at + 1
			}
			return lines
		},
		end: () => (broken || length === 0 ? [] : take(new Uint8Array(0))),
	}
}

function lineOf(bytes: Uint8Array): Line[] {
	try {
		const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
		return /^[ \t\r]*$/.test(text) ? [] : [{ text }]
	} catch {
		return [{ fault: 'the line is not UTF-8' }]
	}
}

/** Doubles, so that a line that comes byte by byte costs no more than one that comes whole. */
function grown(bytes: Uint8Array, needed: number): Uint8Array<ArrayBuffer> {
	const larger = new Uint8Array(Math.max(needed, bytes.length * 2, 256))
	larger.set(bytes)
	return larger
}
