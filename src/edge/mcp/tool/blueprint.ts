import { Type } from '@sinclair/typebox'
import { joinExtensions } from '../../../core/blueprint/extension.ts'
import type { Json } from '../../../kernel/json.ts'
import { CommitQuerySchema, RestoreBodySchema } from '../../../protocol/blueprint-route.ts'
import { type MseClient, pathId } from '../../client/client.ts'
import { invalidParams } from '../argument.ts'
import { filesOf } from '../blueprint-argument.ts'
import { adds, looks, moves, ownTool } from '../tool.ts'

const Id = Type.String({ minLength: 1, description: 'the id of a Blueprint' })
const Version = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'a version, 64 hex digits, as mse_blueprint_log lists them' })
const ExpectedHead = Type.Optional(
	Type.String({ description: 'refuse unless this is the head, so that nobody else’s change is lost; none: unless there is none' }),
)
const DEFAULT_LIMIT = 20

const listTool = ownTool({
	name: 'mse_blueprints',
	description: 'List the Blueprints that the server keeps, with their heads.',
	input: Type.Object({
		archived: Type.Optional(Type.Boolean({ description: 'archived ones too (default false)' })),
		after: Type.Optional(Type.String({ description: '`next_after` of the page before' })),
		limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: 'at most so many, 1 to 100 (default 100)' })),
	}),
	hints: looks,
	async run({ archived = false, after = '', limit = 100 }, call) {
		const client = call.server()
		const { blueprints } = await client.answer(client.v1.blueprints.get())
		const fitting = blueprints.filter((one) => (archived || !one.archived) && one.id > after).sort((a, b) => (a.id < b.id ? -1 : 1))
		const page = fitting.slice(0, limit)
		return { blueprints: page, next_after: fitting.length > limit ? (page.at(-1)?.id ?? null) : null }
	},
})

const showTool = ownTool({
	name: 'mse_blueprint',
	description: 'Show a Blueprint document, the head or an earlier version.',
	input: Type.Object({ id: Id, version: Type.Optional(Version) }),
	hints: looks,
	run: async ({ id, version }, call) => readDocument(call.server(), id, version),
})

const commitTool = ownTool({
	name: 'mse_blueprint_commit',
	description:
		'Store a document (or a file) as the next version of a Blueprint. Answers with every finding about it; with errors it is refused unless strict is false. Where commits need an approval, the head moves once it is granted (approval_id).',
	input: Type.Object({
		id: Id,
		blueprint: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'the document' })),
		path: Type.Optional(Type.String({ description: 'or a file with it, below the working folder: .json .yaml .lua .ts' })),
		message: CommitQuerySchema.properties.message,
		author: CommitQuerySchema.properties.author,
		expected_head: ExpectedHead,
		strict: Type.Optional(Type.Boolean({ description: 'default true' })),
	}),
	hints: moves,
	async run({ id, blueprint, path, strict = true, author = 'mcp', message = 'committed over MCP', expected_head }, call) {
		const client = call.server()
		const document = blueprint ?? (path === undefined ? undefined : (await filesOf(call).read(path)).document)
		if (document === undefined) throw invalidParams('What is to be stored? Give `blueprint` or `path`.')
		const query = { strict, author, message, ...(expected_head !== undefined && { expected_head }) }
		return client.answer(client.v1.blueprints(pathId(id)).post(document as Json, { query }))
	},
})

const logTool = ownTool({
	name: 'mse_blueprint_log',
	description: 'List the versions of a Blueprint, newest first.',
	input: Type.Object({
		id: Id,
		limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, description: 'at most so many, 1 to 50 (default 20)' })),
		before: Type.Optional(Type.Integer({ minimum: 1, description: '`next_before` of the page before' })),
	}),
	hints: looks,
	async run({ id, limit = DEFAULT_LIMIT, before }, call) {
		const client = call.server()
		const query = { limit, ...(before !== undefined && { before }) }
		const { entries } = await client.answer(client.v1.blueprints(pathId(id)).history.get({ query }))
		// An id that nobody knows has an empty history; the head says that it is unknown.
		if (entries.length === 0 && before === undefined) await client.answer(client.v1.blueprints(pathId(id)).head.get())
		return { entries, next_before: entries.length === limit ? (entries.at(-1)?.seq ?? null) : null }
	},
})

const diffTool = ownTool({
	name: 'mse_blueprint_diff',
	description: 'Compare two versions of a Blueprint, as an RFC 6902 patch. Left out: `from` is the version before `to`, `to` the head.',
	input: Type.Object({ id: Id, from: Type.Optional(Version), to: Type.Optional(Version) }),
	hints: looks,
	async run({ id, ...query }, call) {
		const client = call.server()
		return client.answer(client.v1.blueprints(pathId(id)).diff.get({ query }))
	},
})

const restoreTool = ownTool({
	name: 'mse_blueprint_restore',
	description: 'Make an earlier version the head again, as a new commit.',
	input: Type.Object({
		id: Id,
		version: Version,
		message: RestoreBodySchema.properties.message,
		author: RestoreBodySchema.properties.author,
		expected_head: ExpectedHead,
	}),
	hints: adds,
	async run({ id, author = 'mcp', ...body }, call) {
		const client = call.server()
		return client.answer(client.v1.blueprints(pathId(id)).restore.post({ author, ...body }))
	},
})

export const blueprintTools = [listTool, showTool, commitTool, logTool, diffTool, restoreTool]

/** A document as it was stored, keys of ours in their places. */
async function readDocument(client: MseClient, id: string, version: string | undefined) {
	const stored = client.v1.blueprints(pathId(id))
	const found = await client.answer(version === undefined ? stored.head.get() : stored.versions({ hash: version }).get())
	const extensions = (found.extensions ?? {}) as { readonly [path: string]: Json }
	return { id, version: found.version, blueprint: joinExtensions({ blueprint: found.blueprint as Json, extensions }) }
}
