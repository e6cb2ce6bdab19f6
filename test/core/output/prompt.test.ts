import { describe, expect, test } from 'bun:test'
import { encodeToken, signToken, type UnsignedToken } from '../../../src/core/access/token.ts'
import { sha256Hex } from '../../../src/kernel/hash.ts'
import { departs, verifies } from '../../support/verifies.ts'
import { refusal, secret, WorkerWorld } from './support.ts'

describe('prompt', () => {
	test('has what the worker needs, and no key without a value', async () => {
		verifies('06.33', '06.36')
		using world = new WorkerWorld()
		const { handle, token, stepId, run } = await world.start({ prompt: { b: 1, a: 'x' } })
		const prompt = await world.face.prompt(handle, { task_id: stepId })
		expect(prompt).toEqual({
			task_id: stepId,
			attempt: 1,
			agent: 'writer',
			prompt: '{"a":"x","b":1}',
			context: { task_id: stepId, agent: 'writer', attempt: 1, run_id: run.id },
		})
		expect(await world.face.prompt(token, { task_id: stepId })).toEqual(prompt)
	})

	test('has context and system prompt, however large, inline', async () => {
		using world = new WorkerWorld()
		const system = 'ä'.repeat(30_000)
		const context = { work_dir: '/w', task_metadata: [1], input_refs: ['out-1'], project_name_alias: 'p', extra: { a: 1 } }
		const { handle, stepId } = await world.start({ system, context })
		const prompt = await world.face.prompt(handle, { task_id: stepId })
		expect(prompt.system).toBe(system)
		expect(prompt).not.toContainKey('system_ref')
		expect(prompt.context).toMatchObject(context)
	})

	test('with system=ref has an address that needs no header', async () => {
		verifies('06.43')
		using world = new WorkerWorld()
		const { handle, stepId } = await world.start({ system: 'be kind' })
		const { system, system_ref } = await world.face.prompt(handle, { task_id: stepId, system: 'ref' })
		expect(system).toBeUndefined()
		expect(system_ref).toMatchObject({ sha256: sha256Hex('be kind'), size_bytes: 7, mode: 'http' })
		const address = new URL(system_ref?.uri ?? '', 'http://localhost').searchParams
		const query = { task_id: address.get('task_id') ?? '', attempt: address.get('attempt') ?? '', token: address.get('token') ?? '' }
		const bare = { authorization: undefined, queryToken: query.token }
		expect(await world.face.promptSystem(bare, query)).toBe('be kind')
	})

	test('the raw system prompt is not found when there is none or the attempt is another', async () => {
		departs('01.C117')
		using world = new WorkerWorld()
		const bare = await world.start()
		expect((await refusal(world.face.promptSystem(bare.handle, { task_id: bare.stepId }))).kind).toBe('not_found')
		const full = await world.start({ system: 's' })
		expect((await refusal(world.face.promptSystem(full.handle, { task_id: full.stepId, attempt: '2' }))).kind).toBe('not_found')
		expect((await refusal(world.face.promptSystem(bare.handle, { task_id: full.stepId }))).kind).toBe('forbidden')
	})

	test('may be read for a minute after the attempt ended, and not after a cancel', async () => {
		using world = new WorkerWorld()
		const started = await world.start()
		const read = () => world.face.prompt(started.handle, { task_id: started.stepId })
		await world.endAttempt(started, 'finished')
		await world.clock.advance(59_999)
		await read()
		await world.clock.advance(1)
		expect(await refusal(read())).toMatchObject({ kind: 'gone', code: 'attempt_ended' })
		const cancelled = await world.start()
		await world.endRun(cancelled.run, 'cancelled')
		expect((await refusal(world.face.prompt(cancelled.handle, { task_id: cancelled.stepId }))).kind).toBe('gone')
		const displaced = await world.start()
		await world.endAttempt(displaced, 'displaced')
		expect((await refusal(world.face.prompt(displaced.handle, { task_id: displaced.stepId }))).kind).toBe('conflict')
	})

	test('the last rendered size of an agent is known once it has been rendered', async () => {
		verifies('01.C118')
		using world = new WorkerWorld()
		expect(await world.face.renderSize('writer')).toEqual({ agent: 'writer', last_rendered_bytes: null })
		const { stepId } = await world.start()
		await world.attempts.setSystem(stepId, 1, 'grüße')
		expect(await world.face.renderSize('writer')).toEqual({ agent: 'writer', last_rendered_bytes: 7 })
	})
})

describe('a credential', () => {
	test('that is missing or unreadable is 401 with a sentence of its own', async () => {
		departs('04.55')
		using world = new WorkerWorld()
		const { stepId } = await world.start()
		const sentences = [
			[undefined, 'missing Authorization header'],
			['Basic abc', "Authorization must be 'Bearer <token>'"],
			['bearer abc', "Authorization must be 'Bearer <token>'"],
			['Bearer', 'Bearer is empty'],
			['Bearer   ', 'Bearer is empty'],
			['Bearer ä', 'invalid Authorization header encoding'],
			['Bearer !!', 'invalid token: base64 decode failed: not base64url without padding'],
			['Bearer e30', 'invalid token: json parse failed: '],
			['Bearer wh-0000000000000000', 'The worker handle is not known to this server.'],
		] as const
		for (const [authorization, sentence] of sentences) {
			const refused = await refusal(world.face.prompt({ authorization }, { task_id: stepId }))
			expect(refused.kind).toBe('unauthenticated')
			expect(refused.message).toStartWith(sentence)
		}
	})

	test('for another step is 403 with both ids, for an unknown step 404', async () => {
		verifies('04.8')
		departs('04.54')
		using world = new WorkerWorld()
		const mine = await world.start()
		const other = await world.start()
		for (const presented of [mine.handle, mine.token]) {
			const refused = await refusal(world.face.prompt(presented, { task_id: other.stepId }))
			expect(refused).toEqual({
				kind: 'forbidden',
				code: 'foreign_step',
				message: `token task mismatch: token bound to ${mine.stepId}, arg was ${other.stepId}`,
			})
			expect((await refusal(world.face.prompt(presented, { task_id: 'ST-none' }))).kind).toBe('not_found')
		}
	})

	test('is checked for signature, expiry, role and record, in this order', async () => {
		verifies('04.4', '04.6', '04.12')
		departs('04.7')
		using world = new WorkerWorld()
		const { stepId } = await world.start()
		const now = Math.floor(world.clock.now() / 1000)
		const base: UnsignedToken = {
			agent_id: 'x',
			role: 'worker',
			scopes: ['*'],
			issued_at: now - 10,
			expire_at: now + 10,
			max_uses: 1,
			nonce: 'ff'.repeat(16),
		}
		const tried = async (token: Partial<UnsignedToken>, key = secret) => {
			const text = encodeToken(signToken(key, { ...base, ...token }))
			return refusal(world.face.prompt({ authorization: `Bearer ${text}` }, { task_id: stepId }))
		}
		const past = { expire_at: now }
		expect((await tried(past, new Uint8Array(4))).message).toBe('token signature invalid')
		expect((await tried({ ...past, role: 'observer' })).message).toBe('token expired')
		expect((await tried({ ...past, role: 'operator' })).message).toBe('role violation: role=Operator verb=FetchPrompt')
		expect((await tried({ role: 'senior' })).kind).toBe('forbidden')
		const unknown = await tried({})
		expect(unknown).toMatchObject({ kind: 'unauthenticated', message: `token not found in store (fp=${sha256Hex(base.nonce)})` })
	})

	test('a worker token ends with its time, the handle with its attempt', async () => {
		using world = new WorkerWorld()
		const { token, handle, stepId } = await world.start()
		await world.clock.advance(1_800_000)
		expect((await refusal(world.face.prompt(token, { task_id: stepId }))).code).toBe('token_expired')
		await world.face.prompt(handle, { task_id: stepId })
	})

	test('made under another secret is refused, the handle too', async () => {
		using world = new WorkerWorld({ secret: new Uint8Array(32) })
		const { token, handle, stepId } = await world.start()
		for (const presented of [token, handle])
			expect((await refusal(world.face.prompt(presented, { task_id: stepId }))).kind).toBe('unauthenticated')
	})
})
