import { expect, test } from 'bun:test'
import { connectOperator, mseClient, pathId } from 'mse-server/client'
import { appWorld } from '../../support/app-world.ts'
import { forMain } from '../http/whole-server.ts'

test('the package’s client launches, works as an operator and reads what came of it', async () => {
	await using server = await appWorld()
	const client = mseClient({ url: server.url })
	const operator = await connectOperator({ url: server.url, roles: ['main'], onSpawn: ({ prompt }) => `done: ${JSON.stringify(prompt)}` })
	const headers = { 'idempotency-key': 'once' }
	const launch = () => client.answer(client.v1.tasks.post({ blueprint: { kind: 'inline', value: forMain() }, init_ctx: {} }, { headers }))
	const launched = await launch()
	expect(launched).toMatchObject({ status: 'done', final_ctx: { text: 'done: "write it"' } })
	expect((await launch()).run_id).toBe(launched.run_id)
	expect(await client.answer(client.v1.runs(pathId(launched.run_id)).get())).toMatchObject({ status: 'done' })
	await operator.close({ leave: true })
	expect(await operator.ended).toBe('closed')
})
