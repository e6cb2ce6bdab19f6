import { expect, test } from 'bun:test'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { restore } from '../../../src/store/backup.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { testServer } from '../../support/test-server.ts'

test('a backup over the API holds what was acknowledged, while the server goes on', async () => {
	using place = tempDir()
	const at = (name: string): string => join(place.path, name)
	await using server = await testServer({ ephemeral: 'false', 'data-dir': at('data'), 'backup-dir': at('backup') })
	const run = (await server.call('POST', '/v1/tasks', { blueprint: { kind: 'id', id: 'main' }, init_ctx: { large: 'x'.repeat(300_000) } }))
		.body
	const made = server.call('POST', '/v1/backup', { name: 'one.mse' })
	expect((await server.call('GET', '/v1/healthz')).body).toBe('ok')
	const { status, body } = await made
	expect([status, body]).toEqual([201, { file: at('backup/one.mse'), bytes: statSync(at('backup/one.mse')).size }])

	restore(body.file, at('restored'))
	await using again = await testServer({ ephemeral: 'false', 'data-dir': at('restored') })
	expect((await again.call('GET', `/v1/runs/${run.run_id}`)).body.status).toBe('done')

	expect((await server.call('POST', '/v1/backup', { name: 'one.mse' })).body.code).toBe('backup_exists')
	expect((await server.call('POST', '/v1/backup', { name: '../one.mse' })).status).toBe(422)
	expect((await server.call('POST', '/v1/backup')).body.file).toMatch(/backup\/mse-\d{8}-\d{6}-\d{3}\.mse$/)
})

test('a server that keeps everything in memory says that there is nothing to back up', async () => {
	await using server = await testServer()
	const { status, body } = await server.call('POST', '/v1/backup')
	expect([status, body.code]).toEqual([409, 'nothing_to_back_up'])
})
