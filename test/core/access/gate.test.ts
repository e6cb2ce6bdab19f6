import { expect, test } from 'bun:test'
import { mayDo, requireVerb } from '../../../src/core/access/gate.ts'
import { verifies } from '../../support/verifies.ts'

test('a role does what its row allows, and nothing else', () => {
	expect([mayDo('operator', 'detach_session'), mayDo('worker', 'emit_output'), mayDo('observer', 'read_trace')]).toEqual([true, true, true])
	expect([mayDo('senior', 'emit_output'), mayDo('observer', 'start_task'), mayDo('operator', 'emit_output')]).toEqual([false, false, false])
	expect(mayDo('worker', 'start_task')).toBe(true)
})

test('a refusal names role and verb', () => {
	verifies('04.5')
	expect(() => requireVerb('worker', 'heartbeat')).toThrow('role violation: role=Worker verb=Heartbeat')
	expect(() => requireVerb('operator', 'emit_output')).toThrow('role=Operator verb=EmitOutput')
	requireVerb('operator', 'heartbeat')
})
