import { expect, test } from 'bun:test'
import { decodeToken } from '../../src/core/access/token.ts'
import { lit, seq, step } from '../support/blueprints.ts'
import { joinedOperator, testServer } from '../support/test-server.ts'
import { verifies } from '../support/verifies.ts'

const value = {
	id: 'asks',
	flow: seq(step('scout', lit('look'), '$.out')),
	agents: [{ name: 'scout', kind: 'operator', spec: { operator_ref: 'main' } }],
	operators: [{ name: 'main' }],
}

test('tokens of workers live as long as the configuration says', async () => {
	verifies('06.45')
	await using server = await testServer({ 'worker-token-ttl-secs': '77' })
	using operator = await joinedOperator(server, 'main')
	await server.call('POST', '/v1/tasks', { blueprint: { kind: 'inline', value }, init_ctx: {}, detach: true })
	const { issued_at, expire_at } = decodeToken((await operator.spawned()).token)
	expect(expire_at - issued_at).toBe(77)
})
