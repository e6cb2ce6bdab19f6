import { expect, test } from 'bun:test'
import { eventually } from '../../support/eventually.ts'
import { mcpWorld } from './mcp-world.ts'

test('a long-lived worker is created, told, read and ended', async () => {
	await using it = await mcpWorld()
	expect((await it.use('mse_workers')).profiles.map(({ name }: { name: string }) => name)).toContain('builtin:echo')
	const { worker } = await it.use('mse_worker_create', { profile: 'builtin:echo', name: 'parrot', input: 'hello' })
	const id = worker.worker_id
	const spoken = async (lines: number) => {
		const { items, total_items } = await it.use('mse_worker_transcript', { id, limit: 10 })
		return total_items >= lines && items
	}
	expect(await eventually(() => spoken(2), { what: 'the worker answers' })).toMatchObject([
		{ role: 'user', content: 'hello' },
		{ role: 'assistant' },
	])
	await it.use('mse_worker_input', { id, content: 'again' })
	await eventually(() => spoken(4), { what: 'the worker answers again' })
	expect((await it.use('mse_worker_transcript', { id, start: 0, limit: 1 })).next_start).toBe(1)
	expect((await it.use('mse_worker', { id })).worker).toMatchObject({ display_name: 'parrot', status: 'running' })
	expect((await it.use('mse_worker_end', { id, how: 'stop' })).ack.status).toBe('stopped')
	expect((await it.use('mse_workers', { status: 'stopped' })).workers).toHaveLength(1)
	expect(await it.say('mse_worker', { id: 'worker-ffffffff' })).toMatchObject({ isError: true })
})
