/**
 * A process of its own, with nothing in it but Bun and SQLite: what comes in within a turn is committed together, and
 * answered after that. `POST` and the frames of a WebSocket are committed, `GET` is answered at once.
 */
import { openLikeTheServer } from './disk.ts'

const db = openLikeTheServer(process.argv[2] ?? '.')
db.run('CREATE TABLE fact (seq INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT')
const insert = db.prepare('INSERT INTO fact (body) VALUES (?)')
let waiting: { readonly body: string; done(): void }[] = []

const server = Bun.serve({
	port: 0,
	hostname: '127.0.0.1',
	async fetch(request, self) {
		if (self.upgrade(request)) return
		if (request.method === 'GET') return Response.json({ prompt: 'do it', attempt: 1 })
		const body: unknown = await request.json()
		await committed(JSON.stringify(body))
		return Response.json({ status: 'done' })
	},
	websocket: {
		open: (socket) => spawn(socket),
		async message(socket, text) {
			const acknowledged: unknown = JSON.parse(String(text))
			await committed(JSON.stringify(acknowledged))
			await spawn(socket)
		},
	},
})
process.stdout.write(`listening on http://127.0.0.1:${server.port}\n`)

/** A request is on disk before its frame leaves. */
async function spawn(socket: Bun.ServerWebSocket<undefined>): Promise<void> {
	const frame = JSON.stringify({ type: 'spawn', req_id: crypto.randomUUID(), task_id: 'ST-1', worker_handle: 'wh-1' })
	await committed(frame)
	socket.send(frame)
}

function committed(body: string): Promise<void> {
	return new Promise((done) => {
		if (waiting.length === 0) setImmediate(commit)
		waiting.push({ body, done })
	})
}

function commit(): void {
	const batch = waiting
	waiting = []
	db.run('BEGIN IMMEDIATE')
	for (const { body } of batch) insert.run(body)
	db.run('COMMIT')
	for (const { done } of batch) done()
}
