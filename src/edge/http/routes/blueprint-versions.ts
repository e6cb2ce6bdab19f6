import { documentPatch } from '../../../core/blueprint/document-patch.ts'
import { readHead, readVersion, refuseVersion } from '../../../core/blueprint/head.ts'
import { parseBlueprint } from '../../../core/blueprint/parse.ts'
import { blueprintInvalid } from '../../../core/blueprint/resolve.ts'
import type { BlueprintStore, StoredBlueprint } from '../../../core/blueprint/store.ts'
import {
	DiffQuerySchema,
	DiffSchema,
	ProposedReplySchema,
	RestoreBodySchema,
	RestoredSchema,
	VersionSchema,
} from '../../../protocol/blueprint-route.ts'
import { refusals } from '../../../protocol/error.ts'
import { jsonBody } from '../body.ts'
import { swarmRoutes } from '../failure.ts'
import { toExpectedHead, toHistoryEntry, toSplitDocument } from '../wire/blueprint.ts'
import type { ProposeCommit } from './blueprints.ts'

export interface VersionDeps {
	readonly blueprints: BlueprintStore
	/** As that of `BlueprintDeps`. */
	readonly propose?: ProposeCommit | undefined
}

/** Ours: looking at versions of a Blueprint, comparing two, and making an earlier one the head again. */
export function blueprintVersionRoutes({ blueprints, propose }: VersionDeps) {
	return swarmRoutes('blueprint-versions')
		.get('/v1/blueprints/:id/versions/:hash', ({ params }) => showVersion(blueprints, params.id, params.hash), {
			detail: { summary: 'Shows one version of a Blueprint' },
			response: { 200: VersionSchema, ...refusals(404) },
		})
		.get('/v1/blueprints/:id/diff', ({ params, query }) => diff(blueprints, params.id, query), {
			query: DiffQuerySchema,
			detail: { summary: 'Compares two versions of a Blueprint' },
			response: { 200: DiffSchema, ...refusals(400, 404) },
		})
		.post(
			'/v1/blueprints/:id/restore',
			async ({ params: { id }, body, request, status }) => {
				const expectedHead = toExpectedHead(body.expected_head, request.headers)
				const by = { author: body.author ?? 'http', message: body.message ?? `restore ${body.version}`, expectedHead }
				if (propose) {
					const asked = await propose({ id, ...(await readForRestore(blueprints, id, body.version)), ...by })
					const { version } = asked
					return asked.approval
						? status(202, { id, version, approval_id: asked.approval.id })
						: status(200, { id, version, restored: false })
				}
				const restored = await blueprints.restore(id, body.version, by)
				if (!restored) return refuseVersion(blueprints, id, body.version)
				return status(restored.created ? 201 : 200, { id, version: restored.commit.hash, restored: restored.created })
			},
			{
				...jsonBody(RestoreBodySchema),
				detail: { summary: 'Makes an earlier version the head again, as a new commit' },
				response: { 200: RestoredSchema, 201: RestoredSchema, 202: ProposedReplySchema, ...refusals(400, 404, 409, 422, 429, 503) },
			},
		)
}

/** Throws `not_found` for a version that this Blueprint never had. */
async function readForRestore(blueprints: BlueprintStore, id: string, version: string) {
	const { document } = (await blueprints.read(id, version)) ?? (await refuseVersion(blueprints, id, version))
	const { blueprint, diagnostics } = parseBlueprint(document)
	if (!blueprint) throw blueprintInvalid(diagnostics)
	return { document, blueprint }
}

async function showVersion(blueprints: BlueprintStore, id: string, hash: string) {
	const { commit, document } = await readVersion(blueprints, id, hash)
	return { id, version: commit.hash, ...toSplitDocument(document), commit: toHistoryEntry(commit) }
}

async function diff(blueprints: BlueprintStore, id: string, query: { readonly from?: string; readonly to?: string }) {
	const to = query.to === undefined ? await readHead(blueprints, id) : await readVersion(blueprints, id, query.to)
	const from = await versionBefore(blueprints, id, to, query.from)
	return { id, from: from?.commit.hash ?? null, to: to.commit.hash, patch: documentPatch(from?.document ?? null, to.document) }
}

async function versionBefore(blueprints: BlueprintStore, id: string, to: StoredBlueprint, named: string | undefined) {
	const hash = named ?? to.commit.parent
	return hash === null ? null : readVersion(blueprints, id, hash)
}
