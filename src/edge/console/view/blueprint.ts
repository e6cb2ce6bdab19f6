import { createTwoFilesPatch } from 'diff'
import { isJsonObject, type Json, type JsonObject } from '../../../kernel/json.ts'
import type { HistoryEntry } from '../../../protocol/blueprint-route.ts'
import type { Node } from '../../../protocol/flow.ts'
import { flowGraph } from './flow-graph.ts'
import { type FlowDrawing, placeFlow } from './flow-layout.ts'

/** A document as it is read: what is ours in it lies beside it, by JSON path. */
export interface ReadDocument {
	readonly blueprint: unknown
	readonly extensions?: { readonly [path: string]: unknown } | undefined
}

/** The document as text, indented; keys of ours follow it. */
export function documentText({ blueprint, extensions }: ReadDocument): string {
	const text = JSON.stringify(blueprint, null, 2)
	return extensions === undefined ? text : `${text}\n\n${JSON.stringify(extensions, null, 2)}`
}

/** Where two documents differ in more lines, comparing them would take too long. */
const MOST_EDITS = 1000
const CONTEXT_LINES = 4

/** The lines in which two documents differ, as a unified diff without its head; null where that is too much, empty where they are alike. */
export function documentDiff(before: ReadDocument, after: ReadDocument): string | null {
	const [a, b] = [documentText(before), documentText(after)]
	if (a === b) return ''
	const patch = createTwoFilesPatch('before', 'after', `${a}\n`, `${b}\n`, '', '', { context: CONTEXT_LINES, maxEditLength: MOST_EDITS })
	return patch === undefined ? null : patch.slice(patch.indexOf('@@')).trimEnd()
}

/** The flow of a document as a drawing; null where it is written in a spelling that is not drawn, or is none. */
export function documentDrawing(blueprint: unknown): FlowDrawing | null {
	try {
		// What cannot be drawn as a flow fails on the way.
		const { flow, agents = [] } = blueprint as { readonly flow: Node; readonly agents?: readonly { name: string; kind: string }[] }
		const kinds = new Map(agents.map(({ name, kind }) => [name, kind]))
		return placeFlow(flowGraph(flow, (agent) => kinds.get(agent)))
	} catch {
		return null
	}
}

/** An agent of a document, as far as there is something to read of it. */
export interface AgentView {
	readonly name: string
	readonly kind: string
	readonly model: string | null
	readonly prompt: string | null
	/** What its kind wants to know. */
	readonly spec: JsonObject
}

/** The agents of a document, in its order; what is none is left out. */
export function documentAgents(blueprint: unknown): readonly AgentView[] {
	const agents = isJsonObject(blueprint) && Array.isArray(blueprint.agents) ? blueprint.agents : []
	return agents.filter(isJsonObject).map(({ name, kind, profile, spec }) => {
		const said = isJsonObject(profile) ? profile : {}
		return {
			...{ name: textOf(name) ?? '', kind: textOf(kind) ?? '', model: textOf(said.model), prompt: textOf(said.system_prompt) },
			spec: isJsonObject(spec) ? spec : {},
		}
	})
}

const textOf = (value: Json | undefined): string | null => (typeof value === 'string' && value !== '' ? value : null)

/** What a version is called where there is little room: its label, else the beginning of its hash. */
export const versionName = ({ version_label, hash }: Pick<HistoryEntry, 'version_label' | 'hash'>): string =>
	version_label === null ? hash.slice(0, 8) : `${version_label} (${hash.slice(0, 8)})`

/** The versions that can be chosen, each once, the newest first. */
export const distinctVersions = (entries: readonly HistoryEntry[]): readonly HistoryEntry[] =>
	entries.filter(({ hash }, at) => entries.findIndex((other) => other.hash === hash) === at)
