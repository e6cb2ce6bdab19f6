import { expect, test } from 'bun:test'
import { mcpWorld } from './mcp-world.ts'

test('issues are posted, listed and shown', async () => {
	await using it = await mcpWorld()
	const { issue_id } = await it.use('mse_issue_post', { blueprint: 'main', intent: 'Be kinder.' })
	expect((await it.use('mse_issues', { status: 'pending' })).issues).toMatchObject([{ issue_id, blueprint_id: 'main' }])
	expect(await it.use('mse_issue', { id: issue_id })).toMatchObject({ intent: 'Be kinder.', log: null })
	expect(await it.say('mse_issue_retry', { id: issue_id })).toMatchObject({ isError: true })
})
