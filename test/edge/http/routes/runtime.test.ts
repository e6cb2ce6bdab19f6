import { expect, test } from 'bun:test'
import { bundleDigest } from '../../../../src/core/worker/bundle-digest.ts'
import type { ConfigBundle } from '../../../../src/protocol/runtime-bundle.ts'
import { departs, verifies } from '../../../support/verifies.ts'
import { CODER, RUNTIME_ID, runtimeWorld } from '../runtime-world.ts'

function bundleOf(over: { metadata?: object; profiles?: object[]; declarations?: object[] } = {}): ConfigBundle {
	const metadata = {
		...{ id: 'bundle-1', digest: '', revision: 'rev-1', workspace_id: 'workspace-1', created_at: '2026-06-26T00:00:00Z' },
		...{ provenance: { source: 'workspace-backend', detail: 'profile-sync' }, ...over.metadata },
	}
	const profiles = over.profiles ?? [{ selector: { kind: 'builtin', value: 'builtin:coder' }, label: 'Coder' }]
	const declarations = over.declarations ?? [{ kind: 'capability_grant', name: 'read', reference: 'capability:read' }]
	const bundle = { metadata, profiles, declarations } as ConfigBundle
	return metadata.digest === '' ? { ...bundle, metadata: { ...bundle.metadata, digest: bundleDigest(bundle) } } : bundle
}

test('the summary of a fresh runtime is, to the byte, what upstream writes', async () => {
	await using world = await runtimeWorld()
	const { runtime, profiles } = (await world.call('GET', '/v1/runtime')).body
	expect(JSON.stringify(runtime)).toBe(
		'{"runtime_id":"runtime-mem-0000000000000001","display_name":null,"backend":"memory","status":"running","worker_count":0,"active_worker_count":0,"stopped_worker_count":0,"cancelled_worker_count":0,"diagnostic_count":0,"limits":{"max_transcript_projection_items":256,"max_event_batch_items":256}}',
	)
	expect(profiles).toContainEqual({ name: 'builtin:echo', available: true })
})

test('a bundle is stored, listed, checked and used, to the byte', async () => {
	verifies('07.A24', '07.A25', '07.A26', '07.A27', '07.A30')
	await using world = await runtimeWorld()
	const stored = await world.call('POST', '/v1/config-bundles', { bundle: bundleOf() })
	const golden =
		'{"reference":{"id":"bundle-1","digest":"8c48f61515c36d4455462ca9def2425e5b774297b159dda69abf46a530888bd3"},"summary":{"id":"bundle-1","digest":"8c48f61515c36d4455462ca9def2425e5b774297b159dda69abf46a530888bd3","digest_algorithm":"sha256","revision":"rev-1","workspace_id":"workspace-1","created_at":"2026-06-26T00:00:00Z","provenance":{"source":"workspace-backend","detail":"profile-sync"},"profile_count":1,"declaration_count":1}}'
	expect([stored.status, JSON.stringify(stored.body.availability)]).toEqual([200, golden])
	const { reference, summary } = JSON.parse(golden)
	expect((await world.call('GET', '/v1/config-bundles')).body).toEqual({ bundles: [summary] })
	const checked = await world.call('GET', `/v1/config-bundles/bundle-1/availability?digest=${reference.digest}`)
	expect(JSON.stringify(checked.body.availability)).toBe(golden)
	const asked = { ...CODER, profile: { kind: 'builtin', value: 'builtin:coder' }, config_bundle: reference }
	const created = await world.call('POST', '/v1/workers', asked)
	expect(created.body.worker.config_bundle).toEqual(reference)
	const undeclared = await world.call('POST', '/v1/workers', { ...asked, profile: { kind: 'runtime_default' } })
	expect(undeclared.body.error).toEqual({
		code: 'invalid_profile_selector',
		message:
			'invalid profile selector `runtime_default` for config bundle Some("bundle-1"): profile selector is not declared by synced config bundle',
	})
})

test('every refusal of a bundle has its own code', async () => {
	verifies('07.A28', '07.A29', '07.A31', '07.B8')
	await using world = await runtimeWorld()
	const store = async (bundle: object) => {
		const answer = await world.call('POST', '/v1/config-bundles', { bundle })
		return [answer.status, answer.body.error?.code]
	}
	const zeros = '0'.repeat(64)
	const check = async (id: string, digest: string) => {
		const answer = await world.call('GET', `/v1/config-bundles/${id}/availability?digest=${digest}`)
		return [answer.status, answer.body.error?.code]
	}
	expect(await check('nothing', zeros)).toEqual([404, 'config_bundle_missing'])
	expect(await store(bundleOf({ metadata: { digest: zeros } }))).toEqual([400, 'config_bundle_digest_mismatch'])
	const unsupported = bundleOf({ declarations: [{ kind: 'unsupported', name: 'x', reference: 'x' }] })
	expect(await store(unsupported)).toEqual([400, 'unsupported_config_declaration'])
	expect(await store(bundleOf({ profiles: [{ selector: { kind: 'builtin', value: '/p' } }] }))).toEqual([400, 'invalid_profile_selector'])
	expect(await store({ metadata: {} })).toEqual([400, 'invalid_json'])
	const first = bundleOf()
	expect(await store(first)).toEqual([200, undefined])
	expect(await check('bundle-1', zeros)).toEqual([400, 'config_bundle_digest_mismatch'])
	expect(await store(bundleOf({ metadata: { revision: 'rev-2' } }))).toEqual([200, undefined])
	expect(await check('bundle-1', first.metadata.digest)).toEqual([400, 'config_bundle_digest_mismatch'])
	expect((await world.call('GET', '/v1/config-bundles/bundle-1/availability')).body.error.code).toBe('invalid_query')
	const missing = await world.call('POST', '/v1/workers', { ...CODER, config_bundle: { id: 'none', digest: zeros } })
	expect(missing.body.error).toEqual({ code: 'config_bundle_missing', message: 'config bundle `none` was not found' })
})

test('with a token every route wants it, before it says anything else; the admin token does as well', async () => {
	verifies('07.A9', '07.A10', '07.B31')
	await using world = await runtimeWorld({ http: { adminToken: 'admin', runtimeToken: 'local' } })
	for (const [method, path] of [
		['GET', '/v1/runtime'],
		['GET', '/v1/workers/nobody'],
		['PUT', '/v1/workers'],
		['GET', '/v1/runtime/nothing'],
	] as const) {
		for (const authorization of ['', 'Bearer wrong', 'bearer local', 'Bearer  local', 'Bearer local ', 'Basic local']) {
			const answer = await world.call(method, path, undefined, authorization === '' ? {} : { authorization })
			expect([authorization, answer.status, answer.body]).toEqual([
				authorization,
				// A header's own trailing space is cut by every HTTP reader.
				...(authorization === 'Bearer local ' ? [answer.status, answer.body] : [401, UNAUTHORIZED]),
			])
		}
	}
	for (const token of ['local', 'admin'])
		expect((await world.call('GET', '/v1/runtime', undefined, { authorization: `Bearer ${token}` })).status).toBe(200)
})

const UNAUTHORIZED = { error: { code: 'unauthorized', message: 'missing or invalid local Runtime bearer token' } }

test('without a token of its own the admin token guards the runtime', async () => {
	await using world = await runtimeWorld({ http: { adminToken: 'admin' } })
	expect((await world.call('GET', '/v1/workers')).body).toEqual(UNAUTHORIZED)
	expect((await world.call('GET', '/v1/workers', undefined, { authorization: 'Bearer admin' })).status).toBe(200)
})

test('unknown workers, paths and methods answer in the shape of the family', async () => {
	verifies('07.A11', '07.B35')
	departs('07.B32')
	await using world = await runtimeWorld()
	const unknown = await world.call('GET', '/v1/workers/worker-0000000f')
	expect([unknown.status, unknown.body]).toEqual([
		404,
		{ error: { code: 'worker_not_found', message: `worker worker-0000000f was not found in runtime ${RUNTIME_ID}` } },
	])
	const blank = await world.call('POST', '/v1/workers/%20/input', 'not json')
	expect([blank.status, blank.body.error.code]).toEqual([400, 'invalid_worker_id'])
	const method = await world.call('PUT', '/v1/workers')
	expect([method.status, method.headers.get('allow'), method.body.error.code]).toEqual([405, 'GET, HEAD, POST', 'method_not_allowed'])
	expect((await world.call('GET', '/v1/runtime/nothing')).status).toBe(404)
	for (const path of ['/v1/workers/', '/v1/runtime/', '/v1/workers/worker-0000000f/', '/v1/workers//transcript'])
		expect((await world.call('GET', path)).status).toBe(404)
	expect((await world.app.handle(new Request('http://localhost/v1/workers', { method: 'HEAD' }))).status).toBe(200)
})

test('events of the runtime are read in batches, and diagnostics tell of new workers', async () => {
	verifies('07.A33', '07.A34', '07.A63', '07.A64', '07.B26')
	await using world = await runtimeWorld()
	const id = await world.create()
	await world.input(id, 'hello')
	const worker_ref = { runtime_id: RUNTIME_ID, worker_id: id }
	expect(JSON.stringify((await world.call('GET', '/v1/runtime/events?limit=2')).body)).toBe(
		`{"runtime_id":"${RUNTIME_ID}","cursor":{"runtime_id":"${RUNTIME_ID}","next_event_id":3},"events":[{"id":1,"kind":{"kind":"runtime_started"},"message":"runtime started"},{"id":2,"worker_ref":${JSON.stringify(worker_ref)},"kind":{"kind":"worker_created"},"message":"worker ${id} created"}],"has_more":true}`,
	)
	const rest = (await world.call('GET', '/v1/runtime/events?after=2')).body
	expect([rest.events, rest.has_more]).toEqual([[expect.objectContaining({ kind: { kind: 'worker_input_accepted' } })], false])
	const { diagnostics } = (await world.call('GET', '/v1/runtime/diagnostics')).body
	expect(JSON.stringify(diagnostics[0])).toBe(
		`{"id":1,"severity":"info","code":"runtime.local_default_resources","message":"worker created without ConfigBundleRef; runtime-local defaults are assumed","worker_ref":${JSON.stringify(worker_ref)}}`,
	)
	expect(diagnostics.map(({ code }: { code: string }) => code)).toEqual(['runtime.local_default_resources', 'worker.tools_less'])
})
