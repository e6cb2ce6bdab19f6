import { expect, test } from 'bun:test'
import { proveCages, proveIdentity } from '../../../src/backend/hive/probe.ts'
import { fakeCage } from '../../support/fake-cage.ts'
import { verifies } from '../../support/verifies.ts'
import { processWorld } from './cage-world.ts'

test('doctor says whether identity is enforced', async () => {
	verifies('08.32')
	await using open = await processWorld()
	expect(await proveIdentity([open.cage], null)).toMatchObject({
		...{ status: 'missing', detail: 'identity: not enforced (process backend, shared uid)' },
	})
	expect(await proveIdentity([open.cage], 60_000)).toMatchObject({
		status: 'ok',
		detail: 'identity: enforced (process backend, users from 60000 on)',
	})
	expect((await proveIdentity([fakeCage(), open.cage], null)).status).toBe('missing')
	expect(await proveIdentity([fakeCage()], null)).toMatchObject({ status: 'ok', detail: 'identity: enforced (fake backend, fake)' })
	await using boxed = await processWorld({ sandbox: 'bwrap', tools: { find: () => '/usr/bin/bwrap' } })
	expect(await proveIdentity([boxed.cage], null)).toMatchObject({
		status: 'ok',
		detail: 'identity: enforced (process backend, programs run in bwrap)',
	})
	await using missing = await processWorld({ sandbox: 'bwrap', tools: { find: () => null } })
	expect((await proveIdentity([missing.cage], null)).status).toBe('broken')
})

test('doctor names the backends that can run agents, and why others cannot', async () => {
	const missing = fakeCage('vm')
	missing.missing = 'there is no vm'
	expect(await proveCages([fakeCage(), missing])).toEqual({
		status: 'ok',
		detail: 'fake (fake) can run agents; vm (there is no vm) cannot',
	})
})
