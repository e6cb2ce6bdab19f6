import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

export interface Handshake extends Disposable {
	readonly status: number
	/** Lower-case names. */
	readonly headers: ReadonlyMap<string, string>
	/** The link itself, from which nothing is read any more. Disposing cuts it without a goodbye. */
	readonly socket: Socket
}

/** Asks for the upgrade as mlua-swarm's client does: version 13, a bearer, no subprotocol, no extension, no origin. */
export async function handshake(url: string, sid: string, token?: string): Promise<Handshake> {
	const { hostname, port, host } = new URL(url)
	const socket = connect(Number(port), hostname)
	const lines = [
		`GET /v1/operators/${sid}/ws HTTP/1.1`,
		`Host: ${host}`,
		'Connection: Upgrade',
		'Upgrade: websocket',
		'Sec-WebSocket-Version: 13',
		`Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
		...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
	]
	socket.write(`${lines.join('\r\n')}\r\n\r\n`)
	const head = await headOf(socket)
	const [first = '', ...rest] = head.split('\r\n')
	const headers = new Map(rest.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]))
	return { status: Number(first.split(' ')[1]), headers, socket, [Symbol.dispose]: () => void socket.destroy() }
}

/** The answer up to its empty line; then reading stops, so that what follows stays in the buffers of the link. */
function headOf(socket: Socket): Promise<string> {
	return new Promise((resolve, reject) => {
		let text = ''
		const take = (chunk: Buffer): void => {
			text += chunk.toString('latin1')
			const end = text.indexOf('\r\n\r\n')
			if (end < 0) return
			socket.off('data', take)
			socket.pause()
			resolve(text.slice(0, end))
		}
		socket.on('data', take)
		socket.on('error', reject)
		socket.on('close', () => reject(new Error(`the link closed after ${JSON.stringify(text)}`)))
	})
}
