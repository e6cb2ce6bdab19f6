import { expect, test } from 'bun:test'
import { appWorld } from '../../../support/app-world.ts'
import { fn, minimal } from '../../../support/parsed-blueprint.ts'
import { httpWorld } from '../support.ts'

const child = (name: string, program: string) => ({ name, kind: 'subprocess', spec: { program } })
const operator = (name: string, ref: string) => ({ name, kind: 'operator', spec: { operator_ref: ref } })

test('the doctor of a Blueprint looks at its head, or at a document that is not stored', async () => {
	await using world = httpWorld()
	const { body } = await world.call('POST', '/v1/blueprints/m', minimal({ agents: [fn('a')] }))
	const checks = [{ name: 'a', status: 'ok', detail: 'it runs' }]
	const kept = await world.call('GET', '/v1/blueprints/m/doctor')
	expect([kept.status, kept.body]).toEqual([200, { id: 'm', version: body.version, ready: true, checks, diagnostics: expect.anything() }])
	const sent = await world.call('POST', '/v1/blueprint-doctor', { ...minimal({ agents: [fn('a')] }), id: 'other' })
	expect([sent.status, sent.body]).toMatchObject([200, { id: 'other', version: null, ready: true, checks }])
	expect((await world.call('GET', '/v1/blueprints/other/doctor')).status).toBe(404)
})

test('a document that cannot be read is not ready, and every finding says why', async () => {
	await using world = httpWorld()
	const { status, body } = await world.call('POST', '/v1/blueprint-doctor', { id: 'm', flow: { kind: 'sqe' }, agnets: [] })
	expect([status, body.id, body.ready, body.checks, body.diagnostics.length]).toEqual([200, 'm', false, [], 2])
})

test('the server says of each agent whether it can run, and how to get what is missing', async () => {
	await using server = await appWorld()
	const agents = [
		...[fn('function'), { ...fn('unknown'), spec: { fn_id: 'nobody' } }, child('shell', '/bin/sh'), child('gone', 'no-such-program')],
		...[operator('seat', 'main'), operator('echo', 'worker:builtin:echo'), operator('lost', 'worker:nothing')],
		{ name: 'llm', kind: 'agent_block', profile: { model: 'anthropic/claude' } },
		{ name: 'script', kind: 'lua', spec: { source: 'return 1' } },
	]
	const document = minimal({ operators: [{ name: 'main' }], agents })
	const ask = async () => (await server.call('POST', '/v1/blueprint-doctor', document)).body
	const report = await ask()
	const told = Object.fromEntries(
		report.checks.map(({ name, status, detail, hint }: Record<string, string>) => [name, [status, detail, hint]]),
	)
	expect(report.ready).toBe(false)
	expect(told).toMatchObject({
		function: ['ok', 'agents of kind rust_fn run here', undefined],
		unknown: ['missing', "fn_id 'nobody' not registered in factory", expect.anything()],
		shell: ['ok', 'it starts /bin/sh', undefined],
		gone: ['missing', 'there is no program no-such-program', expect.stringContaining('PATH')],
		seat: ['missing', 'nobody has joined for the seat main; its steps wait', expect.stringContaining('mse-server operator --role main')],
		echo: ['ok', 'the profile builtin:echo can run it', undefined],
		lost: ['missing', 'there is no profile nothing', expect.stringContaining('builtin:echo')],
		llm: ['missing', expect.stringContaining('ANTHROPIC_API_KEY'), expect.stringContaining('ANTHROPIC_API_KEY')],
		script: ['ok', 'agents of kind lua run here', undefined],
	})
	const joined = await server.join(['main'])
	expect((await ask()).checks[4].detail).toBe(`${joined.sid} has the seat main, and is not connected`)
	await server.connect(joined)
	expect((await ask()).checks[4]).toMatchObject({ status: 'ok', detail: `${joined.sid} is connected for main` })
})
