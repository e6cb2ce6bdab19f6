/** Asks the operator's socket for its list, as a client would; a sentence about what came. Rejects when nothing did. */
export async function proveSocket(path: string): Promise<string> {
	const { agents } = JSON.parse(await ask(path, '{"cmd":"list"}\n')) as { readonly agents: readonly string[] }
	return `${path} answers; agents: ${agents.length}`
}

function ask(path: string, line: string): Promise<string> {
	return new Promise((resolve, reject) => {
		let said = ''
		Bun.connect({
			unix: path,
			socket: {
				open: (socket) => void socket.write(line),
				data(socket, chunk) {
					said += chunk.toString()
					if (said.endsWith('\n')) socket.end()
				},
				close: () => (said.endsWith('\n') ? resolve(said) : reject(new Error(`${path} ended before it answered`))),
			},
		}).catch(reject)
	})
}
