import { stringify } from 'yaml'
import type { RunId } from '../../kernel/id.ts'
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { EnhanceSetting } from '../../protocol/enhance.ts'
import { unknownBlueprint } from '../blueprint/head.ts'
import { type BlueprintReference, findVersion, readDocument } from '../blueprint/resolve.ts'
import type { BlueprintStore } from '../blueprint/store.ts'
import type { Issue } from './issue.ts'
import { SPAWNER } from './orbit.ts'
import { DEFAULT_AXES } from './setting.ts'
import type { EnhanceStore } from './store.ts'

/** A run that shall work on an issue. */
export interface Order {
	readonly runId: RunId
	readonly reference: BlueprintReference
	readonly goal: string
	readonly initCtx: JsonObject
	readonly ttlSecs: number
}

export interface OrderDeps {
	readonly enhance: EnhanceStore
	readonly blueprints: BlueprintStore
	readonly clock: { now(): number }
}

/** The setting by which every issue is worked on (mlua-swarm 0.1.0). */
export const DEFAULT_SETTING = 'default'

/** Throws an Error or MseError that says what keeps the work from beginning: no setting, no such Blueprint, no such version. */
export async function newOrder(deps: OrderDeps, issue: Issue, runId: RunId): Promise<Order> {
	const setting = await deps.enhance.setting(DEFAULT_SETTING)
	if (!setting) throw new Error(`setting store: not found: ${DEFAULT_SETTING}`)
	return {
		runId,
		reference: await orbitOf(deps.blueprints, setting),
		goal: `enhance ${issue.blueprintId}: ${issue.intent}`,
		initCtx: await startContext(deps, issue, setting),
		ttlSecs: setting.ttl_secs,
	}
}

/** The Blueprint that the setting means. One in which its own spawner takes the place of another is a document of its own. */
async function orbitOf(blueprints: BlueprintStore, { blueprint_id: id, version, spawner }: EnhanceSetting): Promise<BlueprintReference> {
	if (spawner === undefined) return { kind: 'id', id, version }
	const { hash } = await findVersion(blueprints, { kind: 'id', id, version })
	return { kind: 'inline', raw: withSpawner(id, await readDocument(blueprints, hash), spawner as Json) }
}

function withSpawner(id: string, document: Json, spawner: Json): Json {
	const agents = isJsonObject(document) && Array.isArray(document.agents) ? document.agents : []
	const isReplaced = (agent: Json): boolean => isJsonObject(agent) && agent.name === SPAWNER
	if (!isJsonObject(document) || !agents.some(isReplaced))
		throw new Error(`setting ${DEFAULT_SETTING} has a spawner, but Blueprint ${id} has no agent named ${SPAWNER}`)
	const replacement = isJsonObject(spawner) ? { ...spawner, name: SPAWNER } : spawner
	return { ...document, agents: agents.map((agent) => (isReplaced(agent) ? replacement : agent)) }
}

/** The context of mlua-swarm 0.1.0; `previous` is ours: what became of the attempt before, for a retry to heed. */
async function startContext({ enhance, blueprints, clock }: OrderDeps, issue: Issue, setting: EnhanceSetting): Promise<JsonObject> {
	const { id, blueprintId, intent } = issue
	const head = await blueprints.head(blueprintId)
	if (!head) throw unknownBlueprint(blueprintId)
	const before = await enhance.logOf(id)
	return {
		issue: { issue_id: id, blueprint_id: blueprintId, intent },
		prev_bp_yaml: stringify(head.document, { lineWidth: 0, aliasDuplicateObjects: false }),
		prev_hash: head.commit.hash,
		epoch_id: { blueprint_id: blueprintId, start_version: head.commit.hash, started_at_ms: clock.now() },
		verifiers: checksOf(setting),
		...(before && { previous: { rationale: before.rationale, reasons: before.reasons } }),
	}
}

/** A setting that names no checks has those of mlua-swarm 0.1.0, of which none compiles; nothing is committed that cannot run. */
function checksOf({ verifier_axes: axes }: EnhanceSetting): string[] {
	const isDefault = axes.length === DEFAULT_AXES.length && DEFAULT_AXES.every((axis, index) => axes[index] === axis)
	return isDefault ? [...axes, 'compile'] : axes
}
