/** A process of its own: POST a JSON body, have it committed together with what else came in that turn, get an answer. */
import { openLikeTheServer } from './disk.ts'

const db = openLikeTheServer(process.argv[2] ?? '.')
db.run('CREATE TABLE fact (seq INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT')
const insert = db.prepare('INSERT INTO fact (body) VALUES (?)')
let waiting: { readonly body: string; done(): void }[] = []

const server = Bun.serve({
	port: 0,
	hostname: '127.0.0.1',
	async fetch(request) {
		const body: unknown = await request.json()
		await committed(JSON.stringify(body))
		return Response.json({ status: 'done' })
	},
})
process.stdout.write(`listening on http://127.0.0.1:${server.port}\n`)

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
