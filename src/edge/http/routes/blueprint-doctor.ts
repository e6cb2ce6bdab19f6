import type { Diagnostic } from '../../../core/blueprint/diagnostic.ts'
import { readHead } from '../../../core/blueprint/head.ts'
import { parseBlueprint } from '../../../core/blueprint/parse.ts'
import { blueprintInvalid } from '../../../core/blueprint/resolve.ts'
import type { BlueprintStore } from '../../../core/blueprint/store.ts'
import { toWireDiagnostic } from '../../../core/blueprint/wire-diagnostic.ts'
import { isJsonObject, type Json } from '../../../kernel/json.ts'
import type { Blueprint } from '../../../protocol/blueprint.ts'
import { type BlueprintDoctor, BlueprintDoctorSchema } from '../../../protocol/blueprint-doctor.ts'
import { BlueprintBodySchema } from '../../../protocol/blueprint-route.ts'
import { refusals } from '../../../protocol/error.ts'
import type { Check } from '../../../protocol/health.ts'
import { jsonBody } from '../body.ts'
import { swarmRoutes } from '../failure.ts'

export interface BlueprintDoctorDeps {
	readonly blueprints: BlueprintStore
	/** All findings beyond the shape, with what this server can do. */
	lint(blueprint: Blueprint): readonly Diagnostic[]
	/** What each agent needs, and whether it is here. */
	readiness(blueprint: Blueprint): readonly Check[]
	/** Puts included files in place; without it references stay as they are. */
	readonly expand?: (document: Json) => Promise<Json>
}

/** Ours: whether this server can run a Blueprint, one that it keeps or one that is sent. Nothing is written or started. */
export function blueprintDoctorRoutes(deps: BlueprintDoctorDeps) {
	return swarmRoutes('blueprint-doctor')
		.get(
			'/v1/blueprints/:id/doctor',
			async ({ params: { id } }) => {
				const { document, commit } = await readHead(deps.blueprints, id)
				return examine(deps, document, commit.hash)
			},
			{
				detail: { summary: 'Says whether this server can run the head of a Blueprint' },
				response: { 200: BlueprintDoctorSchema, ...refusals(404) },
			},
		)
		.post('/v1/blueprint-doctor', ({ body }) => examineSent(deps, body as Json), {
			...jsonBody(BlueprintBodySchema),
			detail: { summary: 'Says whether this server can run a Blueprint, without storing it' },
			response: { 200: BlueprintDoctorSchema, ...refusals(400, 422) },
		})
}

const asSent = async (document: Json): Promise<Json> => document

/** What is no object is no Blueprint with findings, but something else. */
async function examineSent(deps: BlueprintDoctorDeps, body: Json): Promise<BlueprintDoctor> {
	const document = await (deps.expand ?? asSent)(body)
	if (!isJsonObject(document)) throw blueprintInvalid(parseBlueprint(document).diagnostics)
	return examine(deps, document, null)
}

function examine({ lint, readiness }: BlueprintDoctorDeps, document: Json, version: string | null): BlueprintDoctor {
	const { blueprint, diagnostics } = parseBlueprint(document)
	const found = [...diagnostics, ...(blueprint ? lint(blueprint) : [])]
	const checks = blueprint ? [...readiness(blueprint)] : []
	const ready = found.every(({ level }) => level !== 'error') && checks.every(({ status }) => status === 'ok')
	const id = blueprint?.id ?? (isJsonObject(document) && typeof document.id === 'string' ? document.id : '')
	return { id, version, ready, checks, diagnostics: found.map(toWireDiagnostic) }
}
