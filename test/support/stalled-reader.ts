/** A peer that asks for a stream and then reads nothing. */
export async function stalledReader(url: string, path: string, headers: Readonly<Record<string, string>> = {}) {
	const { hostname, host, port } = new URL(url)
	let text = ''
	const over = Promise.withResolvers<unknown>()
	const data = (_socket: unknown, chunk: Buffer): void => {
		text += chunk.toString()
	}
	const socket = await Bun.connect({ hostname, port: Number(port), socket: { data, close: over.resolve, error: over.resolve } })
	const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
	socket.pause()
	socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n${lines.join('')}\r\n`)
	return {
		/** What had come before the other side ended the connection. */
		async rest(): Promise<string> {
			socket.resume()
			await over.promise
			return text
		},
		[Symbol.dispose]: () => socket.terminate(),
	}
}
