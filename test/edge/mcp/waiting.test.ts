import { expect, test } from 'bun:test'
import { eventually } from '../../support/eventually.ts'
import { gated, mcpWorld, oneStep, seated, withMain } from './mcp-world.ts'

test('everything that waits is told, with whom it waits for', async () => {
	await using it = await mcpWorld()
	expect((await it.use('mse_waiting')).requests).toEqual([])
	const { sid } = await it.use('mse_operator_join', { roles: ['main'] })
	const { run_id } = await it.use('swarm_run', { blueprint: oneStep(seated, withMain), detach: true })
	const asks = (await it.app.launch(oneStep(gated), { detach: true })).body.run_id
	const told = await eventually(
		async () => {
			const now = await it.use('mse_waiting')
			return now.approvals.length === 1 && now.requests.length === 1 && now.your_requests.length === 1 && now
		},
		{ what: 'both wait' },
	)
	expect(told).toMatchObject({
		approvals: [{ run_id: asks }],
		requests: [{ run_id, kind: 'spawn', owner: { sid }, slot: 'main' }],
		your_requests: [{ sid, type: 'spawn' }],
	})
	expect(told.runs.map((run: { phase: string }) => run.phase)).toEqual(['waiting_approval'])
	await it.use('mse_server_pause', { reason: 'a look around' })
	expect(await it.use('mse_waiting')).toMatchObject({ server_paused: { reason: 'a look around' } })
	expect(await it.use('mlua_swarm_server_status')).toMatchObject({ up: true, ready: false, reasons: [expect.stringContaining('paused')] })
	expect(await it.use('mse_server_resume')).toEqual({ paused: false })
})
