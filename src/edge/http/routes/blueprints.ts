import { Type } from '@sinclair/typebox'
import { type IdempotencyStore, oncePerKey } from '../../../core/access/idempotency.ts'
import type { Diagnostic } from '../../../core/blueprint/diagnostic.ts'
import { readHead, unknownBlueprint } from '../../../core/blueprint/head.ts'
import { blueprintHash } from '../../../core/blueprint/normal-form.ts'
import { parseBlueprint } from '../../../core/blueprint/parse.ts'
import { blueprintInvalid } from '../../../core/blueprint/resolve.ts'
import type { BlueprintStore, NewCommit } from '../../../core/blueprint/store.ts'
import { toWireDiagnostic } from '../../../core/blueprint/wire-diagnostic.ts'
import { MseError } from '../../../kernel/error.ts'
import { isJsonObject, type Json } from '../../../kernel/json.ts'
import { type Blueprint, blueprintJsonSchema } from '../../../protocol/blueprint.ts'
import {
	BlueprintBodySchema,
	BlueprintListSchema,
	type CommitQuery,
	CommitQuerySchema,
	type CommitReply,
	CommitReplySchema,
	HeadSchema,
	HistoryQuerySchema,
	HistorySchema,
	type ProposedReply,
	ProposedReplySchema,
} from '../../../protocol/blueprint-route.ts'
import { refusals } from '../../../protocol/error.ts'
import { jsonBody } from '../body.ts'
import { swarmRoutes } from '../failure.ts'
import { keyOf, takesKey } from '../idempotency.ts'
import { toExpectedHead, toHistoryEntry, toSplitDocument } from '../wire/blueprint.ts'

/** What came of asking for a commit; `approval` is null when the head has that version already. */
export type ProposeCommit = (change: NewCommit) => Promise<{ readonly version: string; readonly approval: { readonly id: number } | null }>

export interface BlueprintDeps {
	readonly blueprints: BlueprintStore
	/** All findings beyond the shape, with what this server can do. */
	lint(blueprint: Blueprint): readonly Diagnostic[]
	/** Puts included files in place of `$file` and `$agent_md`; throws `malformed` where it cannot. Without it they stay as they are. */
	readonly expand?: (document: Json) => Promise<Json>
	/** Asks for a commit in place of making it; without it commits are made. */
	readonly propose?: ProposeCommit | undefined
	/** Keeps what idempotency keys did; without it they have no effect. */
	readonly keys?: IdempotencyStore
}

const asSent = async (document: Json): Promise<Json> => document
const DEFAULT_HISTORY = 20
const MAX_HISTORY = 1000
const Nothing = Type.Undefined()

/** Registering, reading and archiving Blueprints (mlua-swarm 0.1.0 and 0.26.0). Versions are plain hex everywhere. */
export const blueprintRoutes = (deps: BlueprintDeps) => writingRoutes(deps).use(readingRoutes(deps.blueprints))

function writingRoutes(deps: BlueprintDeps) {
	const once = oncePerKey<CommitReply | ProposedReply>(deps.keys)
	return swarmRoutes('blueprint-writing')
		.post(
			'/v1/blueprints/:id',
			async ({ params: { id }, query, body, request, status }) => {
				const expectedHead = toExpectedHead(query.expected_head, request.headers)
				const reply = await once(
					keyOf(request, body),
					() => commit(deps, id, body, query, expectedHead),
					(effect) => committedBefore(deps, id, body, query, effect),
				)
				return 'approval_id' in reply ? status(202, reply) : status(reply.seeded ? 201 : 200, reply)
			},
			{
				...takesKey,
				...jsonBody(BlueprintBodySchema),
				query: CommitQuerySchema,
				detail: { summary: 'Registers a Blueprint, or a new version of it' },
				response: { 200: CommitReplySchema, 201: CommitReplySchema, 202: ProposedReplySchema, ...refusals(400, 409, 422, 429, 503) },
			},
		)
		.delete(
			'/v1/blueprints/:id',
			async ({ params, status }) => {
				if (!(await deps.blueprints.archive(params.id))) throw unknownBlueprint(params.id)
				return status(204, undefined)
			},
			{ detail: { summary: 'Archives a Blueprint' }, response: { 204: Nothing, ...refusals(404, 503) } },
		)
		.post(
			'/v1/blueprints/:id/unarchive',
			async ({ params, status }) => {
				if (!(await deps.blueprints.unarchive(params.id))) throw unknownBlueprint(params.id)
				return status(204, undefined)
			},
			{ detail: { summary: 'Takes a Blueprint out of the archive' }, response: { 204: Nothing, ...refusals(404, 503) } },
		)
}

async function commit(
	deps: BlueprintDeps,
	id: string,
	body: unknown,
	query: CommitQuery,
	expectedHead: string | null | undefined,
): Promise<CommitReply | ProposedReply> {
	const { document, blueprint, diagnostics } = await read(deps, id, body, query.strict ?? false)
	const by = { author: query.author ?? 'http', message: query.message ?? 'seed' }
	const change = { id, document, blueprint, ...by, expectedHead }
	if (deps.propose) {
		const { version, approval } = await deps.propose(change)
		return approval ? toProposed(id, version, approval.id, diagnostics) : toReply(id, diagnostics, { version, seeded: false })
	}
	const committed = await deps.blueprints.commit(change)
	return toReply(id, diagnostics, { version: committed.commit.hash, seeded: committed.created })
}

/** A repeat of a request with a key, from what the first one did. */
async function committedBefore(deps: BlueprintDeps, id: string, body: unknown, query: CommitQuery, effect: Json) {
	const { blueprint, diagnostics } = await read(deps, id, body, query.strict ?? false)
	if (isJsonObject(effect) && effect.approval_id !== undefined)
		return toProposed(id, blueprintHash(blueprint), Number(effect.approval_id), diagnostics)
	return toReply(id, diagnostics, versionOf(effect))
}

function toProposed(id: string, version: string, approvalId: number, diagnostics: readonly Diagnostic[]): ProposedReply {
	return { id, version, approval_id: approvalId, diagnostics: diagnostics.map(toWireDiagnostic) }
}

function toReply(id: string, diagnostics: readonly Diagnostic[], done: Pick<CommitReply, 'version' | 'seeded'>): CommitReply {
	return { id, ...done, diagnostics: diagnostics.map(toWireDiagnostic) }
}

/** What the Blueprint store kept with the key. */
function versionOf(effect: Json): Pick<CommitReply, 'version' | 'seeded'> {
	const { version = '', created = false } = isJsonObject(effect) ? effect : {}
	return { version: String(version), seeded: created === true }
}

function readingRoutes(blueprints: BlueprintStore) {
	const schema = blueprintJsonSchema()
	return swarmRoutes('blueprint-reading')
		.get('/v1/blueprint-schema', () => schema, {
			detail: { summary: 'Gives the JSON Schema of Blueprints' },
			response: { 200: Type.Record(Type.String(), Type.Unknown(), { examples: [{ title: 'Blueprint', type: 'object' }] }) },
		})
		.get('/v1/blueprints', () => listBlueprints(blueprints), {
			detail: { summary: 'Lists Blueprints with their heads' },
			response: { 200: BlueprintListSchema },
		})
		.get(
			'/v1/blueprints/:id/head',
			async ({ params, set }) => {
				const { commit, document } = await readHead(blueprints, params.id)
				set.headers.etag = `"${commit.hash}"`
				return { id: params.id, version: commit.hash, ...toSplitDocument(document) }
			},
			{ detail: { summary: 'Shows the head of a Blueprint' }, response: { 200: HeadSchema, ...refusals(404) } },
		)
		.get(
			'/v1/blueprints/:id/history',
			async ({ params, query }) => {
				const limit = Math.min(query.limit ?? DEFAULT_HISTORY, MAX_HISTORY)
				const commits = await blueprints.history(params.id, { limit, before: query.before })
				return { count: commits.length, entries: commits.map(toHistoryEntry) }
			},
			{
				query: HistoryQuerySchema,
				detail: { summary: 'Lists the commits of a Blueprint, newest first' },
				response: { 200: HistorySchema, ...refusals(400) },
			},
		)
}

/** A document as sent, checked as far as registering goes: its findings are told, and refuse it only when that is asked for. */
async function read(deps: BlueprintDeps, id: string, body: unknown, strict: boolean) {
	const document = await (deps.expand ?? asSent)(body as Json)
	const { blueprint, diagnostics } = parseBlueprint(document)
	if (!blueprint) throw blueprintInvalid(diagnostics)
	if (blueprint.id !== id)
		throw new MseError('malformed', `path id=${id} != body.id=${blueprint.id}`, {
			code: 'blueprint_id_mismatch',
			hint: 'Post the document to the path of its own id.',
		})
	const findings = [...diagnostics, ...deps.lint(blueprint)]
	const errors = findings.filter(({ level }) => level === 'error')
	if (strict && errors.length > 0)
		throw new MseError(
			'invalid',
			`Blueprint ${id} has ${errors.length} ${errors.length === 1 ? 'error' : 'errors'}: ${errors[0]?.message}`,
			{
				code: 'blueprint_refused',
				details: { diagnostics: findings.map(toWireDiagnostic) },
			},
		)
	return { document, blueprint, diagnostics: findings }
}

async function listBlueprints(blueprints: BlueprintStore) {
	const entries = (await blueprints.list()).map(({ id, head, archived }) => ({
		id,
		version: head.hash,
		version_label: head.versionLabel,
		archived,
		committed_at: head.at,
	}))
	return { blueprints: entries }
}
