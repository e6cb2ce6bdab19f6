import fc from 'fast-check'
import { appWorld } from '../../../support/app-world.ts'
import { tempDir } from '../../../support/temp-dir.ts'
import type { OpenApi } from '../api-app.ts'
import { newPool, type Pool, populate } from './pool.ts'
import { type Drawn, requestArbitrary } from './request.ts'

const ANSWER_MS = 10_000
const LANES = 8
/** Requests after which there is something to be found again, and the generations after which another server goes on. */
const GENERATION = 96
const LIFE = 4
/** What a server that is well may refuse with for now, for want of agents, or give up waiting for. */
const GENUINE = ['no_operator', 'sync_ceiling', 'session_gone', 'operator_session_ended', 'request_deadline', 'no_agents']

export interface Report {
	/** Answers by `METHOD /path status`. */
	readonly answers: ReadonlyMap<string, number>
	/** What must not be, in sentences, with the request. */
	readonly faults: readonly string[]
}

/** Sends that many requests drawn from the document to a whole server on a data directory of its own, which is stopped and started meanwhile. */
export async function fuzz({
	requests,
	seed,
	note = () => {},
}: {
	requests: number
	seed: number
	note?: (done: number) => void
}): Promise<Report> {
	using dir = tempDir()
	const live = () => appWorld({ dir: dir.path, flags: { 'drain-secs': '1' } })
	let world = await live()
	await using stack = new AsyncDisposableStack()
	stack.defer(() => world[Symbol.asyncDispose]())
	const document = (await world.call('GET', '/swagger/json')).body as OpenApi
	const drawn = requestArbitrary(document)
	const pool = newPool()
	const answers = new Map<string, number>()
	const faults: string[] = []
	for (let done = 0; done < requests && faults.length < 20; done += LANES) {
		if (done % (GENERATION * LIFE) === 0 && done > 0) {
			await world[Symbol.asyncDispose]()
			world = await live()
		}
		if (done % GENERATION === 0) await populate(world, pool)
		const batch = fc.sample(drawn, { numRuns: Math.min(LANES, requests - done), seed: seed + done })
		faults.push(...(await Promise.all(batch.map((request) => tried(world.url, pool, request, answers)))).flat())
		note(done + batch.length)
	}
	const { status, body } = await world.call('GET', '/v1/healthz')
	return { answers, faults: status === 200 && body === 'ok' ? faults : [...faults, `healthz says ${status} ${body} afterwards`] }
}

async function tried(base: string, pool: Pool, request: Drawn, answers: Map<string, number>): Promise<string[]> {
	const { url, init } = toFetch(base, pool, request)
	const began = performance.now()
	const said = `${init.method} ${url.slice(base.length)} ${JSON.stringify(init.headers)} ${String(init.body ?? '').slice(0, 1500)}`
	try {
		const response = await fetch(url, { ...init, signal: AbortSignal.timeout(ANSWER_MS) })
		const text = await response.text()
		const key = `${init.method} ${request.target.path} ${response.status}`
		answers.set(key, (answers.get(key) ?? 0) + 1)
		const body = response.headers.get('content-type')?.startsWith('application/json') && text !== '' ? JSON.parse(text) : text
		pool.learn(body)
		return faultsOf(request, response.status, body).map((fault) => `${fault}: ${response.status} ${text.slice(0, 300)} to ${said}`)
	} catch (error) {
		return [`no answer after ${Math.round(performance.now() - began)} ms (${error}) to ${said}`]
	}
}

function toFetch(base: string, pool: Pool, { target, method, params, query, bearer, contentType, body }: Drawn) {
	const hasBody = body !== null && !['get', 'head'].includes(method)
	const filled = hasBody ? withKnownIds(body, pool, bearer.pick) : undefined
	const segments = target.path.split('/')
	const used: string[] = []
	let at = 0
	const path = segments.map((segment, place) => {
		if (!segment.startsWith('{')) return segment
		const { pick, odd } = params[at++] ?? { pick: 0, odd: null }
		const hole = `${segments[place - 1]}/${segment.slice(1, -1)}`
		const id = (pick % 10 !== 0 ? ownIdOf(target.path, filled) : undefined) ?? pool.id(hole, pick)
		used.push(id)
		return odd ?? encodeURIComponent(id)
	})
	const asked = query.map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`).join('&')
	const search = withKnownIds(asked, pool, bearer.pick)
	const subject = target.path.includes('{sid}') ? used[0] : /\bST-\w+/.exec(`${search} ${filled}`)?.[0]
	const known = `Bearer ${target.path === '/v1/sessions' ? pool.session(bearer.pick) : pool.credential(subject, bearer.pick)}`
	const authorization = { none: undefined, known, odd: 'Bearer wh-0123456789abcdef' }[bearer.kind]
	const headers = { ...(authorization && { authorization }), ...(contentType && { 'content-type': contentType }) }
	const init = { method: method.toUpperCase(), headers, ...(filled !== undefined && { body: filled }) }
	return { url: `${base}${path.join('/')}${search === '' ? '' : `?${search}`}`, init }
}

const EXAMPLE_HASH = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'

/** The ids of examples, replaced by some that are there. */
function withKnownIds(text: string, pool: Pool, pick: number): string {
	const known: Record<string, string> = { T: 'tasks/id', R: 'runs/id', ST: 'steps/id', S: 'operators/sid' }
	const version = pool.id('versions/hash', pick)
	return text
		.replaceAll(EXAMPLE_HASH, version)
		.replaceAll(/\b(T|R|ST|S)-1K9X2M4QZ\w/g, (_, kind: string) => pool.id(known[kind] ?? '', pick))
}

/** Documents are posted to the path of their own id, unless it would not fit the head of a request (Bun answers 431 itself). */
function ownIdOf(path: string, body: string | undefined): string | undefined {
	if (!['/v1/blueprints/{id}', '/v1/enhance-settings/{id}'].includes(path)) return undefined
	const id = /"id":"([\w-]{1,4000})"/.exec(body ?? '')?.[1]
	return id === '' ? undefined : id
}

function faultsOf({ target, method }: Drawn, status: number, body: unknown): string[] {
	const code = codeOf(body)
	const isDocumented = String(status) in target.operation.responses
	const isElsewhere = method !== target.method || code === 'upgrade_required' || code === 'unknown_path'
	// An answer to HEAD has no body that could say why.
	const isGenuine = isDocumented && (GENUINE.includes(code) || (method === 'head' && status === 503))
	return [
		...(status >= 500 && !isGenuine ? [`a fault of the server (${code})`] : []),
		...(isDocumented || (isElsewhere && status !== 500) ? [] : ['an undocumented status']),
		...(status >= 400 && method !== 'head' && code === '' ? ['a refusal without a code'] : []),
	]
}

/** Of either family: beside the sentence, or inside `error`. */
function codeOf(body: unknown): string {
	if (typeof body !== 'object' || body === null) return ''
	if ('code' in body) return String(body.code)
	return 'error' in body ? codeOf(body.error) : ''
}
