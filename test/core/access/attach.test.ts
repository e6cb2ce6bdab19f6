import { describe, expect, test } from 'bun:test'
import { attachSessions } from '../../../src/core/access/attach.ts'
import { sha256Hex } from '../../../src/kernel/hash.ts'
import { SqliteDatabase } from '../../../src/store/sqlite/database.ts'
import { SqliteAttachSessionStore } from '../../../src/store/sqlite/worker/attach-session-store.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { verifies } from '../../support/verifies.ts'
import { refusal } from '../output/support.ts'

function world() {
	const clock = fakeClock()
	const db = new SqliteDatabase({ path: ':memory:', clock })
	const store = new SqliteAttachSessionStore(db)
	const sessions = attachSessions({ store, clock, endOperator: async () => true })
	return { clock, db, store, sessions, [Symbol.dispose]: () => db[Symbol.dispose]() }
}

const bearer = (secret: string) => `Bearer ${secret}`

describe('attach sessions', () => {
	test('an attach answers a secret, a public id and the role as it was spelled', async () => {
		using at = world()
		const { sessions, db } = at
		const answer = await sessions.attach({ agent_id: 'a', role: 'Operator', ttl_secs: 60 })
		expect(answer).toEqual({
			session_id: expect.stringMatching(/^[0-9a-f]{32}$/),
			public_id: expect.stringMatching(/^S-[0-9a-f]{16}$/),
			role: 'Operator',
			ttl_enforced: false,
		})
		expect(JSON.stringify(db.query('SELECT * FROM attach_session').all())).not.toContain(answer.session_id)
		const again = await sessions.attach({ agent_id: 'a', role: 'Operator', ttl_secs: 60 })
		expect(again.session_id).not.toBe(answer.session_id)
	})

	test('an unknown role is 400 with the role in the sentence', async () => {
		using at = world()
		const { sessions } = at
		const refused = await refusal(sessions.attach({ agent_id: 'a', role: 'boss', ttl_secs: 60 }))
		expect(refused).toMatchObject({ kind: 'malformed', message: 'unknown role: boss' })
	})

	test('an operator’s session lasts until it is detached, whatever its time to live', async () => {
		verifies('01.C130')
		using at = world()
		const { sessions, clock } = at
		const { session_id, ttl_enforced } = await sessions.attach({ agent_id: 'a', role: 'operator', ttl_secs: 1 })
		expect(ttl_enforced).toBe(false)
		await clock.advance(10_000)
		await sessions.detach(bearer(session_id))
		expect((await refusal(sessions.detach(bearer(session_id)))).kind).toBe('not_found')
	})

	test('other roles may not detach, and end with their time', async () => {
		using at = world()
		const { sessions, clock } = at
		for (const role of ['worker', 'observer', 'senior']) {
			const { session_id, ttl_enforced } = await sessions.attach({ agent_id: 'a', role, ttl_secs: 60 })
			expect(ttl_enforced).toBe(true)
			expect((await refusal(sessions.detach(bearer(session_id)))).kind).toBe('forbidden')
			await clock.advance(60_000)
			expect(await refusal(sessions.detach(bearer(session_id)))).toMatchObject({ kind: 'unauthenticated', code: 'token_expired' })
			expect((await refusal(sessions.detach(bearer(session_id)))).kind).toBe('not_found')
		}
	})

	test('an unknown session is told by fingerprint, a missing header is 401', async () => {
		using at = world()
		const { sessions } = at
		expect(await refusal(sessions.detach('Bearer nobody'))).toMatchObject({
			kind: 'not_found',
			message: `session: fp=${sha256Hex('nobody')}`,
		})
		for (const header of [undefined, 'Basic x', 'Bearer ']) expect((await refusal(sessions.detach(header))).kind).toBe('unauthenticated')
	})

	test('sessions of expiring roles are forgotten after a while, operators’ are not', async () => {
		using at = world()
		const { sessions, store, clock } = at
		await sessions.attach({ agent_id: 'a', role: 'worker', ttl_secs: 1 })
		await sessions.attach({ agent_id: 'a', role: 'operator', ttl_secs: 1 })
		expect(await store.removeExpired(clock.now() / 1000 + 10)).toBe(1)
	})
})
