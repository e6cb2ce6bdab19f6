import { Type } from '@sinclair/typebox'
import { MseError } from '../../../kernel/error.ts'
import { IssueStatusSchema } from '../../../protocol/enhance.ts'
import { pathId } from '../../client/client.ts'
import { adds, looks, ownTool } from '../tool.ts'

const Id = Type.String({ minLength: 1, description: 'the id of an issue, h-…' })

const listTool = ownTool({
	name: 'mse_issues',
	description:
		'List issues: wishes about Blueprints, in words, each of which becomes a new version or is rejected with reasons. Newest first.',
	input: Type.Object({
		status: Type.Optional(IssueStatusSchema),
		blueprint: Type.Optional(Type.String({ description: 'only about this Blueprint' })),
		limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: 'the newest so many, 1 to 100 (default 20)' })),
	}),
	hints: looks,
	async run({ status, blueprint, limit = 20 }, call) {
		const client = call.server()
		const query = { limit, ...(status && { status }), ...(blueprint !== undefined && { blueprint_id: blueprint }) }
		const { issues } = await client.answer(client.v1.issues.get({ query }))
		return { issues, ...(issues.length === limit && { note: 'There may be older ones: raise limit.' }) }
	},
})

const showTool = ownTool({
	name: 'mse_issue',
	description: 'Show an issue, and what its checks found.',
	input: Type.Object({ id: Id }),
	hints: looks,
	async run({ id }, call) {
		const client = call.server()
		const issue = await client.answer(client.v1.issues(pathId(id)).get())
		const log = await client.answer(client.v1.enhance.log({ issue_id: encodeURIComponent(id) }).get()).catch((thrown) => {
			// Nobody has found anything about it yet.
			if (thrown instanceof MseError && thrown.kind === 'not_found') return null
			throw thrown
		})
		return { ...issue, log }
	},
})

const postTool = ownTool({
	name: 'mse_issue_post',
	description: 'Wish for a change of a Blueprint, in words. It is worked on where the server has the enhance flow enabled.',
	input: Type.Object({
		blueprint: Type.String({ minLength: 1, description: 'the id of the Blueprint' }),
		intent: Type.String({ minLength: 1 }),
	}),
	hints: adds,
	async run({ blueprint, intent }, call) {
		const client = call.server()
		return client.answer(client.v1.issues.post({ blueprint_id: blueprint, intent }))
	},
})

const retryTool = ownTool({
	name: 'mse_issue_retry',
	description: 'Have a rejected issue worked on once more, with what was found before.',
	input: Type.Object({ id: Id }),
	hints: adds,
	async run({ id }, call) {
		const client = call.server()
		return client.answer(client.v1.issues(pathId(id)).retry.post())
	},
})

export const issueTools = [listTool, showTool, postTool, retryTool]
