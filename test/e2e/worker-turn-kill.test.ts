import { expect, test } from 'bun:test'
import { eventually } from '../support/eventually.ts'
import { llmServer } from '../support/llm-server.ts'
import { call, callUntilAnswered } from './support/api.ts'
import { httpWorker, joinOperator } from './support/operator.ts'
import { seededRandom } from './support/random.ts'
import { startTestServer } from './support/server.ts'
import { newStriker } from './support/striker.ts'

const KILLS = 24
/** Things that clients and workers see between two kills, at most. */
const LONGEST_LIFE = 10

interface Line {
	readonly sequence: number
	readonly role: string
	readonly content: string
}

interface Page {
	readonly transcript: { readonly items: readonly Line[]; readonly next_start: number | null }
}

/** A model that says what it was asked last. */
function model(seen: () => void) {
	return llmServer(({ body }) => {
		seen()
		const messages = body.messages as readonly { role: string; content: unknown }[]
		const said = JSON.stringify(messages.at(-1)?.content)
		return { text: `did ${/worker-[0-9a-f]{8} \d+/.exec(said)?.[0]}` }
	})
}

/** An address that takes turns with 202 and reports to their callback until it is answered; it repeats no turn it has done. */
function hook(seen: () => void) {
	const reported: string[] = []
	const report = async (callback: string, text: string): Promise<void> => {
		seen()
		const { status } = await callUntilAnswered('POST', `${callback}/complete`, { json: { text } })
		if (status === 200) reported.push(text)
		seen()
	}
	const server = Bun.serve({
		...{ hostname: '127.0.0.1', port: 0 },
		async fetch(request) {
			const { callback, content } = (await request.json()) as { callback: string; content: string }
			seen()
			void report(callback, `did ${content}`)
			return new Response(null, { status: 202 })
		},
	})
	return { reported, url: `http://127.0.0.1:${server.port}/`, [Symbol.asyncDispose]: () => server.stop(true) }
}

/** Gives a worker one turn after another, and keeps what was acknowledged. */
async function talk(url: string, id: string, seen: () => void, done: AbortSignal): Promise<readonly Line[]> {
	const acked: Line[] = []
	for (let n = 1; !done.aborted; n++) {
		const content = `${id} ${n}`
		const answer = await call<{ ack: { transcript_sequence: number } }>('POST', `${url}/v1/workers/${id}/input`, {
			json: { kind: 'user', content },
		}).catch(() => null)
		if (answer?.status === 200) {
			acked.push({ sequence: answer.body.ack.transcript_sequence, role: 'user', content })
			seen()
		}
		await Bun.sleep(answer === null ? 20 : 2)
	}
	return acked
}

/** Watches a worker through all of it, and goes on from its cursor whenever the connection is gone. */
async function observe(url: string, id: string, done: AbortSignal): Promise<readonly string[]> {
	const asked: string[] = []
	let cursor = 'wo_0000000000000000'
	while (!done.aborted) {
		const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/workers/${id}/events/ws?cursor=${cursor}`)
		const { promise, resolve } = Promise.withResolvers<void>()
		socket.onmessage = ({ data }) => {
			const { envelope } = JSON.parse(String(data))
			if (envelope.event_id.startsWith('snapshot:')) return
			cursor = envelope.cursor
			if (envelope.payload.event === 'user_message') asked.push(envelope.payload.data.segments[0].content)
		}
		socket.onclose = () => resolve()
		socket.onerror = () => resolve()
		done.addEventListener('abort', () => resolve(), { once: true })
		await promise
		socket.terminate()
		await Bun.sleep(5)
	}
	return asked
}

test(`a model, an operator and an address go on with their turns through ${KILLS} deaths of the server: each is answered once`, async () => {
	const seed = Number(Bun.env.MSE_SEED ?? Math.floor(Math.random() * 2 ** 32))
	const { seen, strike } = newStriker(seededRandom(seed), LONGEST_LIFE)
	await using llm = model(seen)
	await using address = hook(seen)
	await using server = await startTestServer({
		env: { ANTHROPIC_API_KEY: 'sk-good', ANTHROPIC_BASE_URL: llm.url },
		config: `
[runtime.profiles.small]
kind = "llm"
model = "anthropic/claude-scripted"

[runtime.profiles.hook]
kind = "http"
url = "${address.url}"
lease_ms = 3000
attempts = 10
`,
	})
	const { url } = server
	const working = httpWorker(url, ({ prompt }) => `did ${prompt}`, seen)
	await using _operator = await joinOperator({ url, roles: ['main'], observe: seen, work: working })
	const ids = await Promise.all(
		['llm:small', 'operator:main', 'http:hook'].map(async (value) => {
			const json = { intent: { kind: 'assistant' }, profile: { kind: 'builtin', value } }
			const { status, body } = await call<{ worker: { worker_id: string } }>('POST', `${url}/v1/workers`, { json })
			expect([value, status]).toEqual([value, 200])
			return body.worker.worker_id
		}),
	)
	const [talked, watched] = [new AbortController(), new AbortController()]
	const talking = ids.map((id) => talk(url, id, seen, talked.signal))
	const watching = ids.map((id) => observe(url, id, watched.signal))
	await strike(server, KILLS)
	talked.abort()
	const acked = await Promise.all(talking)
	const lines = await Promise.all(
		ids.map((id) => eventually(() => settled(url, id), { what: `the last turn of ${id} (seed ${seed})`, within: 40_000 })),
	)
	for (const [at, id] of ids.entries()) {
		const told = lines[at] ?? []
		expect([seed, id, told.map(({ sequence }) => sequence)]).toEqual([seed, id, told.map((_, n) => n + 1)])
		const kept = new Set(told.map(({ sequence, role, content }) => `${sequence} ${role} ${content}`))
		const lost = (acked[at] ?? []).filter(({ sequence, role, content }) => !kept.has(`${sequence} ${role} ${content}`))
		expect([seed, id, lost]).toEqual([seed, id, []])
		const asked = told.filter(({ role }) => role === 'user').map(({ content }) => content)
		const conversation = asked.flatMap((content) => [`user ${content}`, `assistant did ${content}`])
		expect([seed, id, told.map(({ role, content }) => `${role} ${content}`)]).toEqual([seed, id, conversation])
		expect([seed, id, asked.length > 1]).toEqual([seed, id, true])
	}
	const said = new Set(lines.flat().map(({ content }) => content))
	expect([seed, address.reported.filter((text) => !said.has(text))]).toEqual([seed, []])
	await Bun.sleep(200)
	watched.abort()
	const shown = await Promise.all(watching)
	expect([seed, shown]).toEqual([seed, lines.map((told) => told.filter(({ role }) => role === 'user').map(({ content }) => content))])
}, 180_000)

/** The lines of a worker, once it has no turn. */
async function settled(url: string, id: string): Promise<readonly Line[] | null> {
	const { body } = await call<{ worker: { execution: { run_state: string } } }>('GET', `${url}/v1/workers/${id}`)
	if (body.worker.execution.run_state === 'busy') return null
	const lines: Line[] = []
	for (let start: number | null = 0; start !== null; ) {
		const { body }: { body: Page } = await call<Page>('GET', `${url}/v1/workers/${id}/transcript?start=${start}`)
		lines.push(...body.transcript.items)
		start = body.transcript.next_start
	}
	return lines
}
