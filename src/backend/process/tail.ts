/** Keeps the last bytes of a stream. */
export interface Tail {
	add(chunk: Uint8Array): void
	/** What is kept, after a line that says how much is not. */
	text(): string
}

export function newTail(limitBytes: number): Tail {
	let chunks: Uint8Array[] = []
	let kept = 0
	let dropped = 0
	const shrink = (): void => {
		const all = Buffer.concat(chunks)
		dropped += kept - limitBytes
		chunks = [all.subarray(kept - limitBytes)]
		kept = limitBytes
	}
	return {
		add(chunk) {
			chunks.push(chunk)
			kept += chunk.length
			if (kept > 2 * limitBytes) shrink()
		},
		text() {
			if (kept > limitBytes) shrink()
			const text = new TextDecoder().decode(Buffer.concat(chunks))
			return dropped > 0 ? `[${dropped} bytes before this are not kept]\n${text}` : text
		},
	}
}
