/** One kept connection that speaks just enough HTTP; `fetch` would cost more than the servers it is to measure. */
export interface HttpClient {
	/** Throws for an answer that is no 2xx. One request at a time. */
	send(method: string, path: string, options?: { readonly bearer?: string; readonly body?: string }): Promise<string>
	close(): void
}

export async function connectHttp(url: string): Promise<HttpClient> {
	const { hostname, port, host } = new URL(url)
	let answer = ''
	let waiting: { resolve(body: string): void; reject(error: Error): void } | null = null
	const settle = (): void => {
		const settled = waiting
		waiting = null
		if (answer.startsWith('HTTP/1.1 2')) settled?.resolve(answer.slice(answer.indexOf('\r\n\r\n') + 4))
		else settled?.reject(new Error(answer))
	}
	const socket = await Bun.connect({
		...{ hostname, port: Number(port) },
		socket: {
			data(_, chunk) {
				answer += chunk.toString('latin1')
				if (isWhole(answer)) settle()
			},
			error: (_, error) => waiting?.reject(error),
			close: () => waiting?.reject(new Error('the server closed a connection')),
		},
	})
	return {
		send(method, path, { bearer, body = '' } = {}) {
			const auth = bearer === undefined ? '' : `authorization: Bearer ${bearer}\r\n`
			const head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${auth}content-type: application/json\r\ncontent-length: ${body.length}`
			if (waiting) throw new Error('this connection waits for another answer')
			answer = ''
			socket.write(`${head}\r\n\r\n${body}`)
			return new Promise((resolve, reject) => {
				waiting = { resolve, reject }
			})
		},
		close: () => void socket.end(),
	}
}

function isWhole(answer: string): boolean {
	const end = answer.indexOf('\r\n\r\n')
	if (end < 0 || answer.startsWith('HTTP/1.1 204')) return end >= 0
	const length = /\r\ncontent-length: (\d+)/i.exec(answer)?.[1]
	return length !== undefined && answer.length >= end + 4 + Number(length)
}
