/** The line that answered, or the system's word for why there is none (`EPIPE`: it ended before) and whether a byte may have been taken. */
export type LineAnswer = { readonly line: string } | { readonly code: string; readonly isSent: boolean }

/**
 * Sends one JSON object as a line to a unix socket and resolves to the first line that comes back, on a connection of its own. Waits for
 * as long as the answer takes. Rejects with the signal's reason alone.
 */
export async function askLine(path: string, request: object, signal?: AbortSignal): Promise<LineAnswer> {
	signal?.throwIfAborted()
	const { promise, resolve, reject } = Promise.withResolvers<LineAnswer>()
	const decoder = new TextDecoder()
	let rest = new TextEncoder().encode(`${JSON.stringify(request)}\n`)
	let said = ''
	let isSent = false
	const fail = (error: unknown): void => resolve({ code: codeOf(error), isSent })
	const send = (socket: Bun.Socket): void => {
		isSent = true
		rest = rest.subarray(Math.max(0, socket.write(rest)))
	}
	const data = (_: Bun.Socket, chunk: Uint8Array): void => {
		said += decoder.decode(chunk, { stream: true })
		const end = said.indexOf('\n')
		if (end >= 0) resolve({ line: said.slice(0, end) })
	}
	const stop = (): void => reject(signal?.reason)
	signal?.addEventListener('abort', stop, { once: true })
	const close = (): void => resolve({ code: 'EPIPE', isSent })
	const socket = {
		open: send,
		drain: send,
		data,
		close,
		error: (_: Bun.Socket, e: Error) => fail(e),
		connectError: (_: Bun.Socket, e: Error) => fail(e),
	}
	const connecting = Bun.connect({ unix: path, socket })
	connecting.catch(fail)
	try {
		return await promise
	} finally {
		signal?.removeEventListener('abort', stop)
		void connecting.then((open) => open.terminate()).catch(() => {})
	}
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'EUNKNOWN')
