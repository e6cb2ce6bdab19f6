import { expect, test } from 'bun:test'
import { eventually } from '../../../support/eventually.ts'
import { departs, verifies } from '../../../support/verifies.ts'
import { forMain, operatorServer } from '../whole-server.ts'

type Server = Awaited<ReturnType<typeof operatorServer>>

/** A run whose only step lies with the operator of its launch. */
async function held(server: Server) {
	const first = await server.join({ desc: 'first' })
	const firstPeer = await server.connect(first)
	const { run_id } = (await server.launch(forMain(), { operator_sid: first.sid, operator_desc: 'first' })).body
	return { first, firstPeer, run_id, spawn: await firstPeer.spawn(1) }
}

const traced = async (server: Server, runId: string, kind: string) =>
	(await server.call('GET', `/v1/runs/${runId}/trace?kind=${kind}`)).body.events.map(
		({ kind: name, payload }: { kind: string; payload: object }) => ({
			kind: name,
			...payload,
		}),
	)

test('taking a held seat withdraws what its holder was asked, and the step goes on as a new attempt with the new one', async () => {
	verifies('01.C75', '01.C84')
	departs('01.C80', '01.C113')
	await using server = await operatorServer()
	const { first, firstPeer, run_id, spawn } = await held(server)
	const second = await server.join({ desc: 'second' })
	const secondPeer = await server.connect(second)
	const taken = await server.call('POST', `/v1/runs/${run_id}/acquire`, { op: second.sid, desc: 'takes over' })
	expect([taken.status, taken.body]).toEqual([
		200,
		{
			run_id,
			slot: 'main',
			gen: 2,
			previous: { op: first.sid, desc: 'first', gen: 1 },
			t_discard: { discarded: 1, not_discarded: expect.any(String) },
		},
	])
	const again = await secondPeer.spawn(1)
	expect([again.task_id, again.attempt]).toEqual([spawn.task_id, 2])
	expect(again.req_id).not.toBe(spawn.req_id)
	expect(again.worker_handle).not.toBe(spawn.worker_handle)
	const late = await server.submit(spawn, 'too late')
	expect([late.status, late.body.code]).toEqual([409, 'seat_moved'])
	firstPeer.ack(spawn, 'from the one before')
	expect((await server.submit(again, 'well')).status).toBe(204)
	secondPeer.ack(again, '')
	expect((await server.ended(run_id, 'done')).result_ref).toEqual({ text: 'well' })
	expect(await traced(server, run_id, 'core.assignee')).toEqual([
		expect.objectContaining({ kind: 'core.assignee_assigned', source: 'launch_pin', previous: null }),
		expect.objectContaining({ kind: 'core.assignee_released', assignee: first.sid, reason: 'displaced' }),
		expect.objectContaining({ kind: 'core.assignee_assigned', assignee: second.sid, source: 'acquire', previous: first.sid }),
	])
})

test('a result that was posted before the seat moved decides the step', async () => {
	departs('01.C80')
	await using server = await operatorServer()
	const { run_id, spawn } = await held(server)
	await server.submit(spawn, 'in time')
	const second = await server.join()
	const taken = await server.call('POST', `/v1/runs/${run_id}/acquire`, { op: second.sid, desc: 'takes over' })
	expect(taken.body.t_discard.discarded).toBe(0)
	const run = await server.ended(run_id, 'done')
	expect([run.result_ref, run.step_entries[0].attempt]).toEqual([{ text: 'in time' }, 1])
})

test('taking one’s own seat again is a take-over like any other', async () => {
	verifies('01.C81')
	await using server = await operatorServer()
	const { first, firstPeer, run_id } = await held(server)
	const taken = await server.call('POST', `/v1/runs/${run_id}/acquire`, { op: first.sid, desc: 'once more', slot: 'main' })
	expect([taken.body.gen, taken.body.previous.op, taken.body.t_discard.discarded]).toEqual([2, first.sid, 1])
	expect((await firstPeer.spawn(2)).attempt).toBe(2)
})

test('a vacant seat is taken without a predecessor, and what waited on it goes to the taker', async () => {
	verifies('01.C79')
	departs('01.C77')
	await using server = await operatorServer()
	const ann = await server.join({ desc: 'ann' })
	const peer = await server.connect(ann)
	const launched = await server.launch(forMain())
	expect(launched.body.info.seats).toEqual([{ slot: 'main', vacant: true, holder: null, declared: true }])
	const { run_id } = launched.body
	const { body } = await server.call('POST', `/v1/runs/${run_id}/acquire`, { op: ann.sid, desc: 'ann', slot: null })
	expect(body).toEqual({ run_id, slot: 'main', gen: 1, previous: null })
	const spawn = await peer.spawn(1)
	expect(spawn.attempt).toBe(1)
	peer.ack(spawn, 'done')
	await server.ended(run_id, 'done')
})

test('a session that ends leaves its step to the next holder instead of failing it', async () => {
	verifies('01.C51')
	departs('01.C72')
	await using server = await operatorServer()
	const { first, run_id, spawn } = await held(server)
	expect((await server.call('DELETE', `/v1/operators/${first.sid}`, undefined, first.token)).status).toBe(204)
	expect((await server.submit(spawn, 'late')).status).toBe(409)
	const second = await server.join({ roles: ['main'] })
	const peer = await server.connect(second)
	const next = await peer.spawn(1)
	expect([next.task_id, next.attempt]).toEqual([spawn.task_id, 2])
	peer.ack(next, 'mine')
	expect((await server.ended(run_id, 'done')).result_ref).toEqual({ text: 'mine' })
})

test('a seat may be given to somebody nobody knows; its work waits, and the count of the next take-over is null', async () => {
	verifies('01.C87')
	departs('01.C80')
	await using server = await operatorServer()
	const { first, run_id } = await held(server)
	await server.call('POST', `/v1/runs/${run_id}/acquire`, { op: 'S-nobody', desc: 'not yet there' })
	const { body } = await server.call('GET', `/v1/runs/${run_id}/handover`, undefined, first.token)
	expect(body.unread_seats).toEqual([{ slot: 'main', op: 'S-nobody', reason: expect.stringContaining('S-nobody') }])
	const taken = await server.call('POST', `/v1/runs/${run_id}/acquire`, { op: first.sid, desc: 'back' })
	expect(taken.body.t_discard.discarded).toBeNull()
	expect((await server.call('GET', `/v1/runs/${run_id}`)).body.status).toBe('running')
})

test('what is wrong with a take-over is refused before anything changes', async () => {
	verifies('01.C82')
	departs('01.C78')
	await using server = await operatorServer()
	const { first, run_id } = await held(server)
	const refused = async (body: object, id = run_id) => {
		const answer = await server.call('POST', `/v1/runs/${id}/acquire`, body)
		return [answer.status, answer.body.code]
	}
	expect(await refused({ op: ' ', desc: 'x' })).toEqual([400, 'blank_op'])
	expect(await refused({ op: first.sid, desc: '' })).toEqual([400, 'blank_desc'])
	expect(await refused({ op: first.sid })).toEqual([422, 'invalid_body'])
	expect(await refused({ op: first.sid, desc: 'x', slot: 'nowhere' })).toEqual([400, 'bad_operator_slot'])
	expect(await refused({ op: first.sid, desc: 'x' }, 'R-0')).toEqual([404, 'unknown_run'])
	expect((await server.call('GET', `/v1/runs/${run_id}`)).body.next_generation).toBe(1)
})

test('assignees, handover and material want the token of a live operator, and tell who owes what', async () => {
	verifies('03.OperatorDef.name', '01.C85', '01.C86', '01.C87', '01.C88', '04.9')
	await using server = await operatorServer()
	const { first, run_id, spawn } = await held(server)
	for (const path of ['assignees', 'handover', `material?step_id=${spawn.task_id}`])
		expect((await server.call('GET', `/v1/runs/${run_id}/${path}`)).status).toBe(401)
	const look = async (path: string) => (await server.call('GET', `/v1/runs/${run_id}/${path}`, undefined, first.token)).body
	const other = await server.join()
	for (const path of ['assignees', 'handover', `material?step_id=${spawn.task_id}`])
		expect((await server.call('GET', `/v1/runs/${run_id}/${path}`, undefined, other.token)).status).toBe(200)
	const seats = [{ slot: 'main', vacant: false, declared: true, holder: { op: first.sid, desc: 'first', gen: 1 } }]
	expect(await look('assignees')).toEqual({ run_id, generation: 1, seats, seats_source: 'blueprint', note: null })
	await server.submit(spawn, 'a secret result')
	const handover = await look('handover')
	expect(handover).toMatchObject({ run_id, generation: 1, seats, unread_seats: [], trace: { latest_seq: expect.any(Number) } })
	expect(handover.unanswered).toEqual([
		{
			...{ slot: 'main', op: first.sid, generation: 1, req_id: spawn.req_id, kind: 'spawn', step_id: spawn.task_id, attempt: 1 },
			...{ final_present: true, final_ok: true, material_route: `/v1/runs/${run_id}/material?step_id=${spawn.task_id}` },
		},
	])
	expect(JSON.stringify(handover)).not.toContain('a secret result')
	expect(await look(`material?step_id=${spawn.task_id}`)).toMatchObject({
		...{ run_id, run_link: 'confirmed', final_present: true, final_ok: true },
		payload: { task_id: spawn.task_id, attempt: 1, agent: 'writer', prompt: 'write it' },
	})
	const unknown = await server.call('GET', `/v1/runs/${run_id}/material?step_id=ST-0`, undefined, first.token)
	expect([unknown.status, unknown.body.code]).toEqual([404, 'unknown_step'])
	expect((await server.call('GET', '/v1/runs/R-0/assignees', undefined, first.token)).status).toBe(404)
})

test('a question that goes past the seats is in the handover once, with no seat', async () => {
	verifies('01.C86')
	await using server = await operatorServer()
	const boss = await server.join({ desc: 'boss' })
	const two = { operators: [{ name: 'main' }, { name: 'other' }], spawner_hints: { layers: ['main_ai'] } }
	const operator = { kind: 'main_ai', spawn_hook_id: boss.sid }
	const { run_id } = (await server.launch(forMain(two), { operator })).body
	for (const slot of ['main', 'other']) await server.call('POST', `/v1/runs/${run_id}/acquire`, { op: boss.sid, desc: 'both', slot })
	const unanswered = async () => (await server.call('GET', `/v1/runs/${run_id}/handover`, undefined, boss.token)).body.unanswered
	const waiting = await eventually(async () => (await unanswered()).length > 0 && unanswered(), { what: 'the question waits' })
	expect(waiting).toEqual([expect.objectContaining({ kind: 'hook_before', slot: null, op: boss.sid, final_present: false })])
	expect(Object.keys(waiting[0]).filter((key) => /age|late|urgen|deadline|since/.test(key))).toEqual([])
})

test('an operator who joined for certain Blueprints gets no work of others', async () => {
	await using server = await operatorServer()
	const scoped = await server.join({ roles: ['main'], scope: { blueprints: ['other'] } })
	const peer = await server.connect(scoped)
	const { run_id } = (await server.launch(forMain())).body
	const pinned = await server.launch(forMain(), { operator_sid: scoped.sid, operator_desc: 'x' })
	expect([pinned.status, pinned.body.code]).toEqual([400, 'operator_scope'])
	const taken = await server.call('POST', `/v1/runs/${run_id}/acquire`, { op: 'main', desc: 'x' })
	expect([taken.status, taken.body.code]).toEqual([403, 'operator_scope'])
	await server.launch(forMain({ id: 'other' }))
	await peer.spawn(1)
	expect(peer.spawns.map(({ agent }) => agent)).toEqual(['writer'])
	expect((await server.call('GET', `/v1/runs/${run_id}`)).body).toMatchObject({ status: 'running', phase: 'waiting', current: {} })
})

test('operators are listed for any of them, the last active first, with the seats they were given', async () => {
	verifies('01.C43', '01.C44')
	await using server = await operatorServer()
	expect((await server.call('GET', '/v1/operators')).status).toBe(401)
	expect((await server.call('GET', '/v1/operators', undefined, 'f'.repeat(32))).body.code).toBe('token_unknown')
	const first = await server.join({ desc: 'first', roles: ['r'] })
	await server.join({ desc: 'second' })
	const task = {
		operator_sid: first.sid,
		operator_desc: 'first',
		goal: 'g'.repeat(2000),
		project_root: '/p',
		task_metadata: 'm'.repeat(5000),
	}
	const { run_id } = (await server.launch(forMain(), task)).body
	const { body } = await server.call('GET', '/v1/operators?limit=1', undefined, first.token)
	expect([body.total, body.limit, body.operators.length]).toEqual([2, 1, 1])
	expect(body.operators[0]).toMatchObject({ sid: first.sid, roles: ['r'], desc: 'first', connected: false, observed_total: 1 })
	const [observed] = body.operators[0].observed
	expect(observed).toMatchObject({ run_id, slot: 'main', project_root: '/p', work_dir: null, task_metadata: null })
	expect([observed.task_metadata_omitted, observed.text_truncated, Buffer.byteLength(observed.goal)]).toEqual([true, true, 1024])
	await server.call('POST', `/v1/runs/${run_id}/acquire`, { op: first.sid, desc: 'again' })
	const own = (await server.call('GET', `/v1/operators/${first.sid}`, undefined, first.token)).body
	expect([own.observed.length, own.observed_total]).toEqual([1, 1])
})

test('the admin lists and ends any session', async () => {
	await using server = await operatorServer({ 'admin-token': 'boss' })
	const { body } = await server.call('POST', '/v1/operators', {}, 'boss')
	expect((await server.call('GET', '/v1/operators', undefined, 'boss')).body.total).toBe(1)
	expect((await server.call('DELETE', `/v1/operators/${body.sid}`, undefined, 'wrong')).status).toBe(401)
	expect((await server.call('DELETE', `/v1/operators/${body.sid}`, undefined, 'boss')).status).toBe(204)
	expect((await server.call('GET', '/v1/operators', undefined, 'boss')).body.total).toBe(0)
})

test('a session is pinned in a launch before its socket opens, and gets the step with it', async () => {
	verifies('01.C42')
	await using server = await operatorServer()
	const early = await server.join({ desc: 'early' })
	const { status, body } = await server.launch(forMain(), { operator_sid: early.sid, operator_desc: 'early' })
	expect([status, body.info.seats]).toEqual([202, [expect.objectContaining({ slot: 'main', vacant: false })]])
	const spawn = await (await server.connect(early)).spawn(1)
	expect((await server.submit(spawn, 'here')).status).toBe(204)
})

test('what a session was asked for another run stays when one run is taken over or cancelled', async () => {
	verifies('01.C70')
	await using server = await operatorServer()
	const first = await server.join({ desc: 'first' })
	const peer = await server.connect(first)
	const pinned = async () => (await server.launch(forMain(), { operator_sid: first.sid, operator_desc: 'first' })).body.run_id
	const [moved, cancelled, kept] = [await pinned(), await pinned(), await pinned()]
	await peer.spawn(3)
	const runOf = async (spawn: { req_id: string }) => {
		const { body } = await server.call('GET', `/v1/operators/${first.sid}/requests`, undefined, first.token)
		return body.requests.find(({ req_id }: { req_id: string }) => req_id === spawn.req_id)?.run_id
	}
	const spawns = await Promise.all(peer.spawns.map(async (spawn) => [await runOf(spawn), spawn] as const))
	const spawnOf = new Map(spawns)
	const taken = await server.call('POST', `/v1/runs/${moved}/acquire`, { op: 'somebody else', desc: 'takes over' })
	expect(taken.body.t_discard.discarded).toBe(1)
	await server.call('POST', `/v1/runs/${cancelled}/cancel`)
	const left = spawnOf.get(kept)
	if (!left) throw new Error('no spawn of the run that is left alone')
	peer.ack(left, 'still asked')
	expect((await server.ended(kept, 'done')).result_ref).toEqual({ text: 'still asked' })
	const session = await server.call('GET', `/v1/operators/${first.sid}`, undefined, first.token)
	expect([session.status, session.body.connected]).toEqual([200, true])
})

test('a launch that needs an operator is 503 while nobody joined, and is taken as soon as somebody has, connected or not', async () => {
	verifies('01.C89')
	await using server = await operatorServer()
	const refused = await server.launch(forMain())
	expect([refused.status, refused.body.code]).toEqual([503, 'no_operator'])
	expect(refused.body.error).toContain("'writer'")
	expect((await server.call('GET', '/v1/tasks')).body).toEqual([])
	await server.join()
	expect((await server.launch(forMain())).status).toBe(202)
})

test('the status counts running runs and attached operators, and shows the job that ends idle sessions', async () => {
	verifies('01.C59', '01.C101')
	await using server = await operatorServer({ 'operator-session-sweep-secs': '1' })
	const status = async () => (await server.call('GET', '/v1/status')).body
	const job = { name: 'operator-session-expiry', period_secs: 1, enabled: true }
	expect(await status()).toMatchObject({
		running_runs: 0,
		attached_operators: 0,
		periodic_jobs: [job, { name: 'retention', period_secs: 3600, enabled: true }],
	})
	await held(server)
	await server.join()
	expect(await status()).toMatchObject({ running_runs: 1, attached_operators: 1 })
	const after = await eventually(async () => (await status()).periodic_jobs.find(({ runs }: { runs: number }) => runs > 0), {
		what: 'the job ran',
	})
	expect(after).toMatchObject({ ...job, errors: 0, acted_total: 0, last_outcome: 'ok' })
	await using off = await operatorServer({ 'operator-session-sweep-secs': '0' })
	expect((await off.call('GET', '/v1/status')).body.periodic_jobs).toMatchObject([
		{ period_secs: 0, enabled: false, runs: 0 },
		{ name: 'retention' },
	])
})
