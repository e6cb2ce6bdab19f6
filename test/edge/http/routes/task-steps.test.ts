import { expect, test } from 'bun:test'
import { sha256Hex } from '../../../../src/kernel/hash.ts'
import type { Json } from '../../../../src/kernel/json.ts'
import { blueprintOf, lit, loop, seq, step } from '../../../support/blueprints.ts'
import { verifies } from '../../../support/verifies.ts'
import { httpWorld } from '../support.ts'

const echo = (value: Json, out = '$.top.deep') => blueprintOf(step('identity', lit(value), out), ['identity'])
const ids = (body: { task_id: string; run_id: string }) => ({ ...body, steps: `/v1/tasks/${body.task_id}/runs/${body.run_id}/steps` })

test('a step is one entry, under its canonical name and every alias', async () => {
	verifies('01.C122', '04.83', '06.95')
	await using world = httpWorld()
	const named = { name: 'identity', kind: 'rust_fn', spec: { fn_id: 'identity' }, meta: { projection_name: 'answer' } }
	const flow = seq(step('identity', lit(1), '$.first'), loop(3, step('identity', lit({ n: 2 }), '$.second')))
	const { steps, task_id, run_id } = ids((await world.launch({ ...blueprintOf(flow, []), agents: [named] })).body)
	const text = '{\n  "n": 2\n}\n'
	const entry = {
		...{ name: 'answer', size_bytes: text.length, content_type: 'application/json', sha256: sha256Hex(text), source: 'result_ref' },
		...{ content_url: `${steps}/answer/content`, preview: text, truncated: false },
	}
	expect((await world.call('GET', steps)).body).toEqual({ task_id, run_id, steps: [entry] })
	for (const name of ['answer', 'identity', 'first', 'second']) expect((await world.call('GET', `${steps}/${name}`)).body).toEqual(entry)
	expect((await world.call('GET', `/v1/tasks/${task_id}/runs/latest/steps/answer`)).body).toEqual(entry)
})

test('tasks that share a step name do not mix, and an unknown task, run or step is 404', async () => {
	verifies('01.C122')
	await using world = httpWorld()
	const one = ids((await world.launch(echo('one'))).body)
	const two = ids((await world.launch(echo('two'))).body)
	expect((await world.call('GET', `${one.steps}/identity`)).body.preview).toBe('"one"\n')
	expect((await world.call('GET', `${two.steps}/identity`)).body.preview).toBe('"two"\n')
	for (const [path, code] of [
		['/v1/tasks/T-none/runs/latest/steps', 'unknown_task'],
		[`/v1/tasks/${one.task_id}/runs/R-none/steps`, 'unknown_run'],
		[`/v1/tasks/${one.task_id}/runs/${two.run_id}/steps/identity`, 'unknown_run'],
		[`${one.steps}/nobody`, 'unknown_step'],
		[`${one.steps}/nobody/content`, 'unknown_step'],
		[`${one.steps}/identity?path=$.x`, 'nothing_at_path'],
	] as const) {
		const answer = await world.call('GET', path)
		expect([path, answer.status, answer.body.code]).toEqual([path, 404, code])
	}
	expect((await world.call('GET', `/v1/tasks/${one.task_id}/runs/${one.run_id}/ctx`)).status).toBe(404)
})

test('a step without output yet is 404, and not listed', async () => {
	const flow = seq(step('identity', lit(1), '$.a'), step('broken', lit(1), '$.b'))
	const workers = { broken: { pure: true, perform: () => Promise.reject(new Error('no')) } }
	await using failing = httpWorld({ workers })
	const { details } = (await failing.launch(blueprintOf(flow, ['identity', 'broken']))).body
	const { steps } = ids(details)
	expect((await failing.call('GET', steps)).body.steps.map(({ name }: { name: string }) => name)).toEqual(['identity'])
	expect((await failing.call('GET', `${steps}/broken`)).body.code).toBe('no_step_output')
})

test('a preview ends between characters', async () => {
	verifies('01.C123')
	await using world = httpWorld()
	for (const [text, whole] of [
		['é'.repeat(254), true],
		['é'.repeat(255), false],
		[`x${'é'.repeat(400)}`, false],
		['😀'.repeat(200), false],
	] as const) {
		const { steps } = ids((await world.launch(echo(text))).body)
		const { preview, truncated, size_bytes } = (await world.call('GET', `${steps}/identity`)).body
		const shown = `"${text}"\n`
		expect([truncated, size_bytes]).toEqual([!whole, Buffer.byteLength(shown)])
		const kept = whole ? preview : preview.slice(0, -1)
		expect([shown.startsWith(kept), kept.includes('\uFFFD'), whole || preview.endsWith('…')]).toEqual([true, false, true])
		expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(512)
		expect(Buffer.byteLength(kept)).toBeGreaterThan(505)
	}
})

test('content has a tag that spares sending it again', async () => {
	verifies('01.C123')
	await using world = httpWorld()
	const { steps } = ids((await world.launch(echo({ a: { b: [1] } }))).body)
	const first = await world.call('GET', `${steps}/identity/content`)
	const etag = first.headers.get('etag') ?? ''
	expect([first.status, first.headers.get('content-type'), first.body]).toEqual([200, 'application/json', { a: { b: [1] } }])
	expect(etag).toBe(`"sha256:${sha256Hex('{\n  "a": {\n    "b": [\n      1\n    ]\n  }\n}\n')}"`)
	for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*'])
		expect((await world.call('GET', `${steps}/identity/content`, undefined, { 'if-none-match': known })).status).toBe(304)
	expect((await world.call('GET', `${steps}/identity/content`, undefined, { 'if-none-match': '"x"' })).status).toBe(200)
})

test('a path narrows an output to a part of it', async () => {
	verifies('01.C123')
	await using world = httpWorld()
	const { steps } = ids((await world.launch(echo({ a: { 'b.c': null } }))).body)
	const part = (await world.call('GET', `${steps}/identity?path=${encodeURIComponent('$.a["b.c"]')}`)).body
	expect([part.preview, part.sha256]).toEqual(['null\n', sha256Hex('null\n')])
	expect(await (await world.app.handle(new Request(`http://localhost${part.content_url}`))).text()).toBe('null\n')
	expect((await world.call('GET', `${steps}/identity/content?path=$.a`)).body).toEqual({ 'b.c': null })
	const bad = await world.call('GET', `${steps}/identity?path=a..b`)
	expect([bad.status, bad.body.code]).toEqual([400, 'bad_path'])
	expect((await world.call('GET', `${steps}/identity?path=$.__proto__`)).status).toBe(404)
})
