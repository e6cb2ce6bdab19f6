/** The part of a socket that is written to. Counts bytes that the system took; negative when it is closed. */
export interface Sink {
	write(bytes: Uint8Array): number
}

export interface Outgoing {
	/** True once the system has the whole line, false when the connection is gone first; a promise where the reader is slow. */
	write(line: string): boolean | Promise<boolean>
	/** Resolves once everything is with the system, or the connection is gone. */
	flushed(): Promise<void>
	/** To be called when the socket can take more. */
	drain(): void
	/** To be called when the connection is gone. */
	close(): void
}

interface Pending {
	bytes: Uint8Array
	settle(written: boolean): void
}

/** What one connection still has to send, in order. A system that takes only a part is given the rest when it asks for it. */
export function newOutgoing(sink: Sink): Outgoing {
	let queue: Pending[] = []
	let isOpen = true
	let emptied: (() => void)[] = []
	const close = (): void => {
		isOpen = false
		for (const pending of queue) pending.settle(false)
		queue = []
		settleEmptied()
	}
	const settleEmptied = (): void => {
		const waiting = emptied
		emptied = []
		for (const resolve of waiting) resolve()
	}
	return {
		write(line) {
			if (!isOpen) return false
			const bytes = new TextEncoder().encode(line)
			const taken = queue.length > 0 ? 0 : sink.write(bytes)
			if (taken === bytes.length) return true
			if (taken < 0) return false
			return new Promise((settle) => void queue.push({ bytes: bytes.subarray(taken), settle }))
		},
		flushed: () => (queue.length === 0 ? Promise.resolve() : new Promise((resolve) => void emptied.push(resolve))),
		drain() {
			for (let first = queue[0]; first; first = queue[0]) {
				const taken = sink.write(first.bytes)
				if (taken < 0) return close()
				first.bytes = first.bytes.subarray(taken)
				if (first.bytes.length > 0) return
				queue.shift()
				first.settle(true)
			}
			settleEmptied()
		},
		close,
	}
}
