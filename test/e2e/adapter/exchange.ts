import { connect } from 'node:net'

export interface Sent {
	readonly bearer?: string | undefined
	/** Sent as compact JSON with its content type. */
	readonly json?: unknown
	/** Sent as it is; without `type` it has no content type at all. */
	readonly raw?: string
	readonly type?: string
	readonly timeoutMs?: number
}

export interface Exchanged {
	readonly status: number
	/** Lower-case names. */
	readonly headers: ReadonlyMap<string, string>
	readonly body: string
	/** The body as JSON; undefined when it is none. */
	readonly json: unknown
}

const PATIENCE_MS = 30_000

/**
 * One HTTP exchange, written byte by byte as the adapters' library writes it: no user agent, no origin, no content length
 * and no content type where nothing is sent.
 */
export async function exchange(base: string, method: string, path: string, sent: Sent = {}): Promise<Exchanged> {
	const { hostname, port, host } = new URL(base)
	const body = Buffer.from(sent.json === undefined ? (sent.raw ?? '') : JSON.stringify(sent.json))
	const type = sent.json === undefined ? sent.type : 'application/json'
	const hasBody = sent.json !== undefined || sent.raw !== undefined
	const lines = [
		`${method} ${path} HTTP/1.1`,
		...(sent.bearer === undefined ? [] : [`authorization: Bearer ${sent.bearer}`]),
		...(type === undefined ? [] : [`content-type: ${type}`]),
		'accept: */*',
		`host: ${host}`,
		...(hasBody ? [`content-length: ${body.byteLength}`] : []),
		'connection: close',
	]
	const socket = connect(Number(port), hostname)
	socket.setTimeout(sent.timeoutMs ?? PATIENCE_MS, () => socket.destroy(new Error(`${method} ${path}: no answer in time`)))
	socket.write(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]))
	return parse(Buffer.concat(await all(socket)))
}

async function all(chunks: AsyncIterable<Buffer>): Promise<Buffer[]> {
	const read: Buffer[] = []
	for await (const chunk of chunks) read.push(chunk)
	return read
}

function parse(answer: Buffer): Exchanged {
	const end = answer.indexOf('\r\n\r\n')
	if (end < 0) throw new Error(`not an answer: ${JSON.stringify(answer.toString('latin1'))}`)
	const [first = '', ...rest] = answer.subarray(0, end).toString('latin1').split('\r\n')
	const headers = new Map(rest.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]))
	const content = answer.subarray(end + 4)
	const body = (headers.get('transfer-encoding') === 'chunked' ? dechunked(content) : content).toString('utf8')
	return { status: Number(first.split(' ')[1]), headers, body, json: asJson(body) }
}

function dechunked(content: Buffer): Buffer {
	const parts: Buffer[] = []
	for (let at = 0; ; ) {
		const line = content.indexOf('\r\n', at)
		const size = Number.parseInt(content.subarray(at, line).toString('latin1'), 16)
		if (!(size > 0)) return Buffer.concat(parts)
		parts.push(content.subarray(line + 2, line + 2 + size))
		at = line + 2 + size + 2
	}
}

function asJson(text: string): unknown {
	try {
		return JSON.parse(text)
	} catch {
		return undefined
	}
}
