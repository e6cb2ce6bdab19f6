import { expect, test } from 'bun:test'
import { FEATURES } from '../../../../src/kernel/version.ts'
import { httpWorld } from '../support.ts'

test('liveness is the text ok, to the byte', async () => {
	await using world = httpWorld()
	const { status, headers, body } = await world.call('GET', '/v1/healthz')
	expect([status, body, headers.get('content-type')]).toEqual([200, 'ok', expect.stringMatching(/^text\/plain/)])
	expect((await world.call('HEAD', '/v1/healthz')).status).toBe(200)
})

test('liveness needs no admin token, the rest does', async () => {
	await using world = httpWorld({ http: { adminToken: 'secret' } })
	expect((await world.call('GET', '/v1/healthz')).status).toBe(200)
	for (const path of ['/v1/readyz', '/v1/version', '/v1/doctor', '/v1/status']) expect((await world.call('GET', path)).status).toBe(401)
})

test('readiness is 503 with the reasons while the server cannot take work', async () => {
	let ready = true
	await using world = httpWorld({ ready: () => ready })
	expect((await world.call('GET', '/v1/readyz')).body).toEqual({ ready: true, reasons: [] })
	ready = false
	const { status, body } = await world.call('GET', '/v1/readyz')
	expect([status, body]).toEqual([503, { ready: false, reasons: ['The database is away.'] }])
})

test('version, doctor and status say what this server is and does', async () => {
	await using world = httpWorld()
	expect((await world.call('GET', '/v1/version')).body).toMatchObject({ name: 'mse-server', api_versions: ['v1'] })
	const doctor = await world.call('GET', '/v1/doctor')
	expect([doctor.status, doctor.body.blueprint_store_root, doctor.body.seed_blueprint_id]).toEqual([200, null, 'main'])
	expect((await world.call('GET', '/v1/status')).body).toEqual({ running_runs: 0, attached_operators: 0, periodic_jobs: [] })
})

test('version and doctor name the API version and one list of features, so that a client knows what it may use', async () => {
	await using world = httpWorld()
	const surface = { api_version: 'v1', features: [...FEATURES] }
	expect((await world.call('GET', '/v1/version')).body).toMatchObject(surface)
	expect((await world.call('GET', '/v1/doctor')).body).toMatchObject(surface)
	expect(new Set(FEATURES).size).toBe(FEATURES.length)
	expect(FEATURES.filter((word) => !/^[a-z][a-z0-9_]*$/.test(word))).toEqual([])
})

test('the doctor proves what it can only when asked to, and never says a server_version', async () => {
	await using world = httpWorld()
	const { body } = await world.call('GET', '/v1/doctor')
	expect(body).not.toContainAnyKeys(['checks', 'server_version'])
	expect((await world.call('GET', '/v1/doctor?probe=true')).body.checks).toEqual([{ name: 'templates', status: 'ok', detail: 'renders' }])
	expect((await world.call('GET', '/v1/doctor?probe=maybe')).status).toBe(400)
})
