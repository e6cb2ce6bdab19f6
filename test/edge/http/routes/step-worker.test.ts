import { describe, expect, test } from 'bun:test'
import { httpApp, listen } from '../../../../src/edge/http/app.ts'
import { dataRoutes } from '../../../../src/edge/http/routes/data.ts'
import { stepWorkerRoutes } from '../../../../src/edge/http/routes/step-worker.ts'
import { SqliteIdempotencyStore } from '../../../../src/store/sqlite/idempotency-store.ts'
import { bytes, WorkerWorld } from '../../../core/output/support.ts'
import { verifies } from '../../../support/verifies.ts'
import { testOptions } from '../support.ts'

function server(adminToken: string | null = null) {
	const world = new WorkerWorld({ openReads: adminToken === null, isTrusted: async (bearer) => bearer === adminToken })
	const { face, db } = world
	const keys = new SqliteIdempotencyStore(db)
	const app = httpApp(testOptions({ adminToken }), (root) => root.use(stepWorkerRoutes({ face, keys })).use(dataRoutes({ face, keys })))
	const call = async (method: string, path: string, init: RequestInit = {}) => {
		const answer = await app.handle(new Request(`http://localhost${path}`, { method, ...init }))
		const text = await answer.text()
		return { status: answer.status, headers: answer.headers, text, body: text.startsWith('{') ? JSON.parse(text) : undefined }
	}
	return { world, app, call, [Symbol.dispose]: () => world[Symbol.dispose]() }
}

const as = (bearer: string, more: Record<string, string> = {}) => ({ headers: { authorization: `Bearer ${bearer}`, ...more } })
const json = (bearer: string, body: unknown): RequestInit => ({
	...as(bearer, { 'content-type': 'application/json' }),
	body: JSON.stringify(body),
})

describe('/v1/worker', () => {
	test('a prompt has no null and no system_ref', async () => {
		using at = server()
		const { stepId, handleText } = await at.world.start({ system: 'be kind' })
		const { status, body, text } = await at.call('GET', `/v1/worker/prompt?task_id=${stepId}`, as(handleText))
		expect(status).toBe(200)
		expect(body).toMatchObject({ task_id: stepId, attempt: 1, agent: 'writer', prompt: 'do it', system: 'be kind' })
		expect(text).not.toMatch(/null|system_ref/)
		const raw = await at.call('GET', `/v1/worker/prompt/system?task_id=${stepId}`, as(handleText))
		expect([raw.text, raw.headers.get('content-type')]).toEqual(['be kind', 'text/plain; charset=utf-8'])
	})

	test('a submit takes any content type or none and answers exactly 204', async () => {
		using at = server()
		const types = ['application/x-www-form-urlencoded', 'application/json', 'text/plain', 'multipart/form-data', 'image/png', undefined]
		for (const type of types) {
			const started = await at.world.start()
			const init = { ...as(started.handleText, type === undefined ? {} : { 'content-type': type }), body: bytes('a=1&b={"c\n') }
			const submitted = await at.call('POST', '/v1/worker/submit', init)
			expect([submitted.status, submitted.text, submitted.headers.get('content-type')]).toEqual([204, '', null])
			const staged = await at.call('POST', '/v1/worker/artifact?name=p', init)
			expect(staged.status).toBe(204)
			expect(await at.world.tailOf(started)).toMatchObject([
				{ content: { value: 'a=1&b={"c' } },
				{ name: 'p', content: { value: 'a=1&b={"c' } },
			])
		}
	})

	test('an empty body is an empty value', async () => {
		using at = server()
		const started = await at.world.start()
		expect((await at.call('POST', '/v1/worker/submit', as(started.handleText))).status).toBe(204)
		expect(await at.world.tailOf(started)).toMatchObject([{ content: { value: '' } }])
	})

	test('result, degradation and stats answer exactly 204 and ignore unknown keys', async () => {
		verifies('06.41')
		using at = server()
		const { stepId, handleText } = await at.world.start()
		const calls = {
			result: { task_id: stepId, value: null, more: 1 },
			degradation: { tool: 't', error: 'e', fallback: 'f', more: { a: 1 } },
			stats: { model: 'm', usage: { total_tokens: 1, more: 2 }, more: 1 },
		}
		for (const [route, body] of Object.entries(calls)) {
			const { status, text } = await at.call('POST', `/v1/worker/${route}`, json(handleText, body))
			expect([route, status, text]).toEqual([route, 204, ''])
		}
	})

	test('refusals leave with the status of their kind and a code', async () => {
		using at = server()
		const mine = await at.world.start()
		const other = await at.world.start()
		const submit = (path: string, bearer: string, body = 'x') => at.call('POST', `/v1/worker/submit${path}`, { ...as(bearer), body })
		const prompt = (path: string, init: RequestInit) => at.call('GET', `/v1/worker/prompt${path}`, init)
		expect((await prompt('', as(mine.handleText))).status).toBe(400)
		expect(await prompt(`?task_id=${mine.stepId}`, {})).toMatchObject({ status: 401, body: { error: 'missing Authorization header' } })
		expect((await prompt(`?task_id=${other.stepId}`, as(mine.handleText))).status).toBe(403)
		expect((await prompt('?task_id=T-none', as(mine.handleText))).status).toBe(404)
		expect(await submit('?verdict=maybe', mine.handleText)).toMatchObject({ status: 400, body: { code: 'unknown_verdict' } })
		expect((await submit('?ok=1', mine.handleText)).status).toBe(400)
		expect((await submit('', 'wh-0000000000000000')).status).toBe(401)
		expect((await submit('', mine.handleText, 'x'.repeat(2 ** 21 + 1))).status).toBe(413)
		const wrong = await at.call('POST', '/v1/worker/result', json(mine.handleText, { task_id: mine.stepId }))
		expect(wrong.status).toBe(422)
		await at.world.endAttempt(mine, 'finished')
		await at.world.endAttempt(other, 'displaced')
		expect(await submit('', mine.handleText)).toMatchObject({ status: 410, body: { code: 'attempt_ended' } })
		expect(await submit('', other.handleText)).toMatchObject({ status: 409, body: { code: 'seat_moved' } })
	})

	test('a contract that is broken is 422', async () => {
		using at = server()
		at.world.contracts.set('judge', { channel: 'body', values: ['PASS'] })
		const judge = await at.world.start({ agent: 'judge' })
		const { status, body } = await at.call('POST', '/v1/worker/submit', { ...as(judge.handleText), body: 'MAYBE' })
		expect([status, body.code]).toEqual([422, 'verdict_contract'])
	})

	test('render-size of an unknown agent is null', async () => {
		using at = server()
		const { status, body } = await at.call('GET', '/v1/agents/none/render-size')
		expect([status, body]).toEqual([200, { agent: 'none', last_rendered_bytes: null }])
	})

	test('a submit over a port is acknowledged with a bare 204', async () => {
		using at = server()
		const { handleText } = await at.world.start()
		const { url, server: port } = listen(at.app, { hostname: '127.0.0.1', port: 0 })
		const answer = await fetch(`${url}/v1/worker/submit`, { method: 'POST', ...as(handleText), body: 'done' })
		expect([answer.status, await answer.text(), answer.headers.get('content-type')]).toEqual([204, '', null])
		await port.stop(true)
	})
})

describe('/v1/data', () => {
	const event = { type: 'artifact', name: 'a', content: { kind: 'inline', value: { deep: [1] } } }

	test('what is emitted is read back, by id and by name', async () => {
		using at = server()
		const { stepId, handleText, tokenText } = await at.world.start()
		const body = { task_id: stepId, attempt: 1, producer_agent: 'writer', event, more: 1 }
		const emitted = await at.call('POST', '/v1/data/emit', json(tokenText, body))
		expect([emitted.status, emitted.body]).toEqual([200, { out_id: expect.stringMatching(/^out-[0-9a-f]{10}$/) }])
		const { authorization: _, ...plain } = json('', body).headers as Record<string, string>
		const named = await at.call('POST', `/v1/data/plan?token=${handleText}`, { headers: plain, body: JSON.stringify(body) })
		expect(named.status).toBe(200)
		expect((await at.call('GET', `/v1/data/${emitted.body.out_id}`)).body).toEqual({
			id: emitted.body.out_id,
			task_id: stepId,
			attempt: 1,
			producer_agent: 'writer',
			event,
			parent_refs: [],
		})
		expect((await at.call('GET', '/v1/data/plan', as(handleText))).body.id).toBe(named.body.out_id)
		const missing = await at.call('GET', '/v1/data/none')
		expect([missing.status, missing.body.error]).toEqual([404, 'output not found (id nor name): none'])
	})

	test('unknown keys within an event are kept and read back', async () => {
		using at = server()
		const { stepId, tokenText } = await at.world.start({ context: { extra: { deep: { a: [null] } } } })
		const odd = { type: 'final', ok: true, more: 1, content: { kind: 'file_ref', path: '/p', mime: null, more: { a: null } } }
		const { body } = await at.call('POST', '/v1/data/odd', json(tokenText, { task_id: stepId, attempt: 1, event: odd }))
		const read = await at.call('GET', `/v1/data/${body.out_id}`)
		expect([read.status, read.body.event]).toEqual([200, odd])
		expect((await at.call('GET', `/v1/worker/prompt?task_id=${stepId}&more=1`, as(tokenText))).status).toBe(200)
	})

	test('a wrong shape is 422, a missing credential 401', async () => {
		using at = server()
		const { stepId, tokenText } = await at.world.start()
		for (const body of [{}, { task_id: stepId, attempt: '1', producer_agent: 'writer', event }, { task_id: stepId, attempt: 1, event }])
			expect((await at.call('POST', '/v1/data/emit', json(tokenText, body))).status).toBe(422)
		const bare = { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ task_id: stepId, attempt: 1, event }) }
		expect((await at.call('POST', '/v1/data/plan', bare)).status).toBe(401)
	})

	test('with an admin token, reading takes that, an operator’s or a worker’s credential', async () => {
		using at = server('admin')
		const { stepId, tokenText } = await at.world.start()
		const { body } = await at.call('POST', '/v1/data/plan', json(tokenText, { task_id: stepId, attempt: 1, event }))
		expect((await at.call('GET', `/v1/data/${body.out_id}`)).status).toBe(401)
		for (const bearer of ['admin', tokenText]) expect((await at.call('GET', '/v1/data/plan', as(bearer))).status).toBe(200)
	})
})
