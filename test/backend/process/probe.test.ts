import { expect, test } from 'bun:test'
import { proveChildren } from '../../../src/backend/process/probe.ts'
import { systemClock } from '../../../src/kernel/clock.ts'

test('programs start and end with all they started', async () => {
	const finding = await proveChildren({ clock: systemClock, path: '/usr/bin:/bin', dataDirId: 'test' })
	expect(finding).toMatchObject({ status: 'ok', detail: expect.stringContaining('end with all they started') })
})
