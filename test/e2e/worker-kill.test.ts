import { expect, test } from 'bun:test'
import { eventually } from '../support/eventually.ts'
import { seededRandom } from './support/random.ts'
import { startTestServer } from './support/server.ts'
import { newStriker } from './support/striker.ts'

const KILLS = 25
/** Of what its clients see between two kills, at most so much. */
const LONGEST_LIFE = 12

const CONFIG = `
[runtime.profiles.cat]
kind = "process"
argv = ["cat"]
mode = "one_shot"

[runtime.profiles.desk]
kind = "http"
mode = "pull"
lease_ms = 2000
`

interface Line {
	readonly sequence: number
	readonly role: string
	readonly content: string
}

/** Calls that survive a server that is away: null means that nobody knows what became of it. */
async function call(url: string, method: string, path: string, body?: object) {
	const init = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
	try {
		const answer = await fetch(url + path, { method, ...init, signal: AbortSignal.timeout(10_000) })
		// biome-ignore lint/suspicious/noExplicitAny: tests look into answers by path
		return { status: answer.status, body: (await answer.json()) as any }
	} catch {
		return null
	}
}

/** Gives a worker turn after turn, and keeps what was acknowledged. */
async function talk(url: string, id: string, seen: () => void, done: AbortSignal) {
	const acked: Line[] = []
	for (let n = 1; !done.aborted; n++) {
		const content = `${id} ${n}`
		const answer = await call(url, 'POST', `/v1/workers/${id}/input`, { kind: 'user', content })
		if (answer?.status === 200) {
			acked.push({ sequence: answer.body.ack.transcript_sequence, role: 'user', content })
			seen()
		}
	}
	return acked
}

/** A worker elsewhere that repeats what it does not know the end of. */
async function pullTurns(url: string, seen: () => void, done: AbortSignal) {
	const completed: string[] = []
	while (!done.aborted) {
		const answer = await call(url, 'POST', '/v1/runtime/pull', { profiles: ['http:desk'], wait_ms: 500 })
		const turn = answer?.body.turn
		if (!turn) continue
		seen()
		const text = `did ${turn.content}`
		for (let status = 0; status !== 200 && status !== 410; ) {
			status = (await call(url, 'POST', `/v1/runtime/leases/${turn.lease}/complete`, { text }))?.status ?? 0
			if (status === 200) completed.push(text)
		}
		seen()
	}
	return completed
}

test('a server killed 25 times in the middle of turns loses no turn that was acknowledged, and no answer', async () => {
	const seed = Number(Bun.env.MSE_SEED ?? Math.floor(Math.random() * 2 ** 32))
	await using server = await startTestServer({ config: CONFIG })
	const { url } = server
	const ids = await Promise.all(
		['builtin:echo', 'process:cat', 'http:desk'].map(async (value) => {
			const created = await call(url, 'POST', '/v1/workers', { intent: { kind: 'assistant' }, profile: { kind: 'builtin', value } })
			return String(created?.body.worker.worker_id)
		}),
	)
	const { seen, strike } = newStriker(seededRandom(seed), LONGEST_LIFE)
	const done = new AbortController()
	const talking = ids.map((id) => talk(url, id, seen, done.signal))
	const pulling = pullTurns(url, seen, done.signal)
	await strike(server, KILLS)
	done.abort()
	const [acked, completed] = [await Promise.all(talking), await pulling]
	for (const [at, id] of ids.entries()) {
		const lines = await eventually(() => settled(url, id), { what: `the last turn of ${id}` })
		expect([seed, lines.map(({ sequence }) => sequence)]).toEqual([seed, lines.map((_, n) => n + 1)])
		const kept = new Set(lines.map(({ sequence, role, content }) => `${sequence} ${role} ${content}`))
		const lost = (acked[at] ?? []).filter(({ sequence, role, content }) => !kept.has(`${sequence} ${role} ${content}`))
		expect([seed, lost]).toEqual([seed, []])
		const contents = lines.filter(({ role }) => role !== 'system').map(({ role, content }) => `${role} ${content}`)
		expect([seed, new Set(contents).size]).toEqual([seed, contents.length])
		if (at === 2) for (const text of completed) expect(contents).toContain(`assistant ${text}`)
	}
	expect(acked.flat().length).toBeGreaterThan(KILLS)
	expect(completed.length).toBeGreaterThan(0)
}, 120_000)

/** The lines of a worker that has no turn; a turn that nobody carries out any more ends by being cancelled. */
async function settled(url: string, id: string): Promise<readonly Line[] | null> {
	const worker = (await call(url, 'GET', `/v1/workers/${id}`))?.body.worker
	if (worker?.execution.run_state === 'busy') {
		const answer = await call(url, 'POST', '/v1/runtime/pull', { profiles: ['http:desk'] })
		const turn = answer?.body.turn
		if (turn) await call(url, 'POST', `/v1/runtime/leases/${turn.lease}/complete`, { text: `did ${turn.content}` })
		return null
	}
	const lines: Line[] = []
	for (let start: number | null = 0; start !== null; ) {
		const answer: Awaited<ReturnType<typeof call>> = await call(url, 'GET', `/v1/workers/${id}/transcript?start=${start}`)
		lines.push(...(answer?.body.transcript.items ?? []))
		start = answer?.body.transcript.next_start ?? null
	}
	return lines
}
