import { Type } from '@sinclair/typebox'
import { codingClis } from '../../../core/blueprint/coding-clis.ts'
import { lintBlueprint } from '../../../core/blueprint/lint.ts'
import { parseBlueprint } from '../../../core/blueprint/parse.ts'
import { type Starter, starters } from '../../../core/blueprint/starters.ts'
import { toWireDiagnostic } from '../../../core/blueprint/wire-diagnostic.ts'
import { MseError } from '../../../kernel/error.ts'
import { isJsonObject, type Json } from '../../../kernel/json.ts'
import { blueprintJsonSchema } from '../../../protocol/blueprint.ts'
import { AGENT_KINDS } from '../../../protocol/blueprint-agent.ts'
import type { WireDiagnostic } from '../../../protocol/diagnostic.ts'
import { pathId } from '../../client/client.ts'
import { invalidParams } from '../argument.ts'
import { filesOf } from '../blueprint-argument.ts'
import { adds, ends, looks, moves, swarmTool, type ToolCall } from '../tool.ts'
import { toolDrift } from '../tool-drift.ts'

const Bind = Type.Optional(Type.String({ description: 'host:port of another server' }))
const Id = Type.String({ minLength: 1, description: 'the id of a Blueprint' })
const GUIDE = 'mse://guides/blueprint-authoring'

const schemaTool = swarmTool({
	name: 'bp_schema',
	description: 'Give the JSON Schema of Blueprints.',
	input: Type.Object({}),
	hints: looks,
	isWhole: true,
	run: async () => blueprintJsonSchema(),
})

const newTool = swarmTool({
	name: 'bp_new',
	description: `Scaffold a Lua script that builds a Blueprint. Templates: ${starters.map(({ name, about }) => `${name} (${about})`).join('; ')}.`,
	input: Type.Object({
		template: Type.Union(
			starters.map(({ name }) => Type.Literal(name)),
			{ description: `one of ${starters.map(({ name }) => name).join(', ')}` },
		),
		name: Type.String({
			pattern: '^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$',
			description: 'the id of the Blueprint: letters, digits, dots, hyphens and underscores',
		}),
		stages: Type.Optional(Type.Array(Type.String(), { description: 'names of its stages or checkers' })),
		agent: Type.Optional(Type.String({ description: 'name of its one agent (default worker)' })),
		operator: Type.Optional(Type.String({ description: 'the seat that operator agents wait for (default main-ai)' })),
		binding: Type.Optional(Type.String({ description: 'template cli: which coding CLI (default claude)' })),
		out: Type.Optional(Type.String({ description: 'write it to this new file below the working folder; otherwise it is in the answer' })),
	}),
	hints: adds,
	isWhole: true,
	async run({ template, name, stages = [], agent = 'worker', operator = 'main-ai', binding = 'claude', out }, call) {
		const starter = starters.find((known) => known.name === template) as Starter
		const cli = codingClis.find((known) => known.name === binding)
		if (!cli) throw invalidParams(`There is no coding CLI ${binding}; there are ${codingClis.map((known) => known.name).join(', ')}.`)
		const script = starter.script({ id: name, stages, agent, operator, cli })
		if (out !== undefined) await filesOf(call).write(out, script)
		return {
			status: 'scaffolded',
			template,
			name,
			bytes: Buffer.byteLength(script),
			...(out === undefined ? { script } : { out }),
			guide_ref: GUIDE,
		}
	},
})

const buildTool = swarmTool({
	name: 'bp_build',
	description:
		'Build a Blueprint from a file (.lua, .ts, .json, .yaml) or a document, check it, and store it unless register is false. Failures are results: status failed with the stage, and each finding with how to mend it.',
	input: Type.Object({
		script_path: Type.Optional(Type.String({ description: 'a file below the working folder' })),
		blueprint: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'or the document itself' })),
		register: Type.Optional(Type.Boolean({ description: 'default true' })),
		bind: Bind,
		out: Type.Optional(Type.String({ description: 'write the document to this new file, too' })),
	}),
	hints: moves,
	run: build,
})

const doctorTool = swarmTool({
	name: 'bp_doctor',
	description: 'Say whether the server can run a Blueprint now, agent by agent, with every finding about it. verdict: OK, WARN or BLOCK.',
	input: Type.Object({ id: Id, bind: Bind }),
	hints: looks,
	async run({ id, bind }, call) {
		const client = call.server(bind)
		const found = await client.answer(client.v1.blueprints(pathId(id)).doctor.get())
		const verdict = !found.ready ? 'BLOCK' : found.diagnostics.some(({ level }) => level === 'Warn') ? 'WARN' : 'OK'
		return { verdict, ...found, suppressed: [] }
	},
})

const explainOneTool = swarmTool({
	name: 'bp_explain_agent',
	description:
		'Explain what one agent of a Blueprint runs with, and why. tool_drift: how its tools differ from those of its agent file here.',
	input: Type.Object({
		bp_id: Id,
		agent: Type.String(),
		bind: Bind,
		wrapper_dir: Type.Optional(Type.String({ description: 'folder of agent files (default .claude/agents)' })),
	}),
	hints: looks,
	async run({ bp_id, agent, bind, wrapper_dir = '.claude/agents' }, call) {
		const client = call.server(bind)
		const blueprint = client.v1.blueprints(pathId(bp_id))
		const explained = await client.answer(blueprint.agents({ agent: encodeURIComponent(agent) }).explain.get())
		return { ...explained, tool_drift: await toolDrift(call.files, wrapper_dir, explained) }
	},
})

const explainTool = swarmTool({
	name: 'bp_explain_agents',
	description: 'List the agents of a Blueprint as they would run.',
	input: Type.Object({ bp_id: Id, bind: Bind }),
	hints: looks,
	async run({ bp_id, bind }, call) {
		const client = call.server(bind)
		return client.answer(client.v1.blueprints(pathId(bp_id)).agents.explain.get())
	},
})

const archiveTool = swarmTool({
	name: 'bp_archive',
	description: 'Archive a Blueprint: it can be launched no more until bp_unarchive. Nothing happens without confirm.',
	input: Type.Object({ id: Id, bind: Bind, confirm: Type.Optional(Type.Boolean({ description: 'default false' })) }),
	hints: ends,
	async run({ id, bind, confirm = false }, call) {
		const client = call.server(bind)
		if (!confirm) return { status: 'dry_run', id, bind: client.url, note: 'Call again with confirm true to archive it.' }
		return told('archived', id, client.url, client.answer(client.v1.blueprints(pathId(id)).delete()))
	},
})

const unarchiveTool = swarmTool({
	name: 'bp_unarchive',
	description: 'Take a Blueprint out of the archive.',
	input: Type.Object({ id: Id, bind: Bind }),
	hints: moves,
	async run({ id, bind }, call) {
		const client = call.server(bind)
		return told('unarchived', id, client.url, client.answer(client.v1.blueprints(pathId(id)).unarchive.post()))
	},
})

export const authoringTools = [schemaTool, newTool, buildTool, doctorTool, explainOneTool, explainTool, archiveTool, unarchiveTool]

interface BuildInput {
	readonly script_path?: string
	readonly blueprint?: { readonly [key: string]: unknown }
	readonly register?: boolean
	readonly bind?: string
	readonly out?: string
}

async function build({ script_path, blueprint, register = true, bind, out }: BuildInput, call: ToolCall) {
	if (script_path === undefined && blueprint === undefined) throw invalidParams('What is to be built? Give `script_path` or `blueprint`.')
	const read = await staged('build', async () => readBlueprint(call, script_path, blueprint as Json | undefined))
	if ('failed' in read) return read.failed
	const { document, warnings } = read.done
	const diagnostics = lint(document)
	const id = isJsonObject(document) ? String(document.id) : ''
	const built = {
		bp_id: id,
		lint: countsOf(diagnostics),
		diagnostics,
		authoring_warnings: warnings,
		json_bytes: Buffer.byteLength(JSON.stringify(document)),
	}
	if (built.lint.errors > 0) return { status: 'failed', stage: 'lint', ...built, blueprint: document }
	if (out !== undefined) await filesOf(call).write(out, `${JSON.stringify(document, null, 2)}\n`)
	if (!register) return { status: 'built', ...built, ...(out === undefined ? { blueprint: document } : { out }) }
	const client = call.server(bind)
	const stored = await staged('register', () =>
		client.answer(
			client.v1
				.blueprints(pathId(id))
				.post(document, { query: { strict: true, author: 'mcp', message: `built from ${script_path ?? 'a document'}` } }),
		),
	)
	if ('failed' in stored) return { ...stored.failed, ...built }
	return {
		status: 'approval_id' in stored.done ? 'proposed' : 'registered',
		...built,
		url: `${client.url}/v1/blueprints/${id}`,
		body: stored.done,
	}
}

async function readBlueprint(call: ToolCall, path: string | undefined, document: Json | undefined) {
	if (path !== undefined) return filesOf(call).read(path)
	return { document: document ?? null, warnings: [] }
}

type Staged<T> = { readonly done: T } | { readonly failed: object }

/** What goes wrong at a stage is a result; wrong arguments stay an error. */
async function staged<T>(stage: string, work: () => Promise<T>): Promise<Staged<T>> {
	try {
		return { done: await work() }
	} catch (thrown) {
		if (!(thrown instanceof MseError) || thrown.code === 'invalid_params') throw thrown
		const { message, code, hint, details } = thrown
		return {
			failed: {
				status: 'failed',
				stage,
				error: message,
				code,
				...(hint !== undefined && { hint }),
				...(details !== undefined && { details }),
			},
		}
	}
}

/** What can be found without a server. */
function lint(document: Json): WireDiagnostic[] {
	const { blueprint, diagnostics } = parseBlueprint(document)
	const found = [...diagnostics, ...(blueprint ? lintBlueprint(blueprint, { knownKinds: new Set(AGENT_KINDS) }) : [])]
	return found.map(toWireDiagnostic)
}

const countsOf = (diagnostics: readonly WireDiagnostic[]) => ({
	errors: diagnostics.filter(({ level }) => level === 'Error').length,
	warnings: diagnostics.filter(({ level }) => level === 'Warn').length,
})

async function told(status: string, id: string, bind: string, call: Promise<unknown>) {
	const done = await staged(status, () => call)
	return 'failed' in done ? { ...done.failed, status: 'error', id, bind } : { status, id, bind }
}
