/** How a child that reports while it works separates its events (mlua-swarm 0.1.0). */
export const FRAMINGS = ['ndjson_lines', 'sse_events', 'length_prefixed'] as const
export type Framing = (typeof FRAMINGS)[number]

/** Cuts a stream of bytes into the texts of its events. */
export interface Decoder {
	/** The texts that this chunk completes. */
	push(chunk: Uint8Array): string[]
	/** What the end of the stream completes. */
	end(): string[]
	/** Items that the framing itself made unreadable. */
	broken(): number
}

export function newDecoder(framing: Framing): Decoder {
	return DECODERS[framing]()
}

const DECODERS: { readonly [F in Framing]: () => Decoder } = {
	ndjson_lines: ndjsonDecoder,
	sse_events: sseDecoder,
	length_prefixed: lengthDecoder,
}

/** One event a line; blank lines mean nothing. */
function ndjsonDecoder(): Decoder {
	const lines = lineCutter()
	const filled = (texts: string[]): string[] => texts.filter((text) => text.trim() !== '')
	return { push: (chunk) => filled(lines.push(chunk)), end: () => filled(lines.end()), broken: () => 0 }
}

/** `data:` lines joined by newlines until a blank line or the end; every other field of the format is passed over. */
function sseDecoder(): Decoder {
	const lines = lineCutter()
	let data: string[] = []
	const flush = (): string[] => {
		const text = data.join('\n')
		data = []
		return text === '' ? [] : [text]
	}
	const take = (line: string): string[] => {
		if (line === '') return flush()
		if (line.startsWith('data:')) data.push(line.slice('data:'.length).replace(/^ /, ''))
		return []
	}
	return { push: (chunk) => lines.push(chunk).flatMap(take), end: () => [...lines.end().flatMap(take), ...flush()], broken: () => 0 }
}

/** Cuts at newlines; a carriage return before one belongs to it. */
function lineCutter(): { push(chunk: Uint8Array): string[]; end(): string[] } {
	const text = new TextDecoder()
	let begun: string[] = []
	const cut = (piece: string): string[] => {
		const [first = '', ...rest] = piece.split('\n')
		begun.push(first)
		if (rest.length === 0) return []
		const lines = [begun.join(''), ...rest]
		begun = [lines.pop() ?? '']
		return lines.map((line) => line.replace(/\r$/, ''))
	}
	return {
		push: (chunk) => cut(text.decode(chunk, { stream: true })),
		end: () => [...cut(text.decode()), ...cut('\n')],
	}
}

const PREFIX_BYTES = 4
const LONGEST_FRAME = 16 * 1024 * 1024

/** A big-endian u32 and that many bytes. A length of 0 or above 16 MiB ends the stream: what follows it is dropped. */
function lengthDecoder(): Decoder {
	const buffer = byteQueue()
	let wanted: number | undefined
	let ended = false
	let broken = 0
	const next = (): string | undefined => {
		if (wanted === undefined) {
			if (buffer.size() < PREFIX_BYTES) return undefined
			wanted = buffer.take(PREFIX_BYTES).readUInt32BE()
			ended = wanted === 0 || wanted > LONGEST_FRAME
			if (wanted > LONGEST_FRAME) broken++
		}
		if (ended || buffer.size() < wanted) return undefined
		const frame = buffer.take(wanted)
		wanted = undefined
		return frame.toString('utf8')
	}
	return {
		push(chunk) {
			const texts: string[] = []
			if (ended) return texts
			buffer.add(chunk)
			for (let text = next(); text !== undefined; text = next()) texts.push(text)
			return texts
		},
		end() {
			if (!ended && (wanted !== undefined || buffer.size() > 0)) broken++
			return []
		},
		broken: () => broken,
	}
}

/** Bytes in arrival order, taken from the front; chunks are joined only when a whole frame is there. */
function byteQueue(): { size(): number; add(chunk: Uint8Array): void; take(bytes: number): Buffer } {
	let chunks: Uint8Array[] = []
	let size = 0
	return {
		size: () => size,
		add(chunk) {
			chunks.push(chunk)
			size += chunk.length
		},
		take(bytes) {
			const [only] = chunks
			const all = only && chunks.length === 1 ? Buffer.from(only.buffer, only.byteOffset, only.length) : Buffer.concat(chunks)
			chunks = [all.subarray(bytes)]
			size -= bytes
			return all.subarray(0, bytes)
		},
	}
}
