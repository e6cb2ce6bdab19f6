import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Json } from '../../kernel/json.ts'
import type { LaunchBody } from '../../protocol/task.ts'
import { isFileName, isScript } from './blueprint/source.ts'
import type { Invocation } from './command.ts'
import { usageError } from './exit-code.ts'
import { type Flag, type Flags, isOn, lastOf } from './flag.ts'
import { readJsonFile, readJsonFlag } from './json-input.ts'

export const runFlags: readonly Flag[] = [
	{ name: 'ctx', placeholder: 'JSON|@FILE', doc: 'the init context (default {})' },
	{ name: 'goal', placeholder: 'TEXT', doc: 'what the run is for' },
	{ name: 'operator', placeholder: 'CMD', doc: 'do the steps of operator agents with this; repeat it for more, SEAT=CMD for one seat' },
	{ name: 'project-root', placeholder: 'DIR', doc: 'folder of the project that workers are told' },
	{ name: 'work-dir', placeholder: 'DIR', doc: 'folder that child processes start in' },
	{ name: 'timeout', placeholder: 'SECS', doc: 'stop the run after so many seconds, exit code 4' },
	{ name: 'ttl', placeholder: 'SECS', doc: 'the same, counting only time in which something is worked on' },
	{ name: 'data-dir', placeholder: 'DIR', doc: 'keep the run there and take Blueprints by ID from there (default: a temporary one)' },
	{ name: 'json', placeholder: null, doc: 'on stderr each event as a line of JSON, and how it ended as the last one' },
	{ name: 'config', placeholder: 'PATH', doc: 'file to read (default ~/.mse/config.toml)' },
	{ name: 'log-format', placeholder: 'json|text', doc: 'how those lines are written (default json)' },
	{ name: 'log-level', placeholder: 'LEVEL', doc: 'least level that is logged to stderr (default warn)' },
]

export interface RunRequest {
	readonly launch: LaunchBody
	/** The file the Blueprint is from; its scripts are still to be run, and its references still to be expanded. Null for an id. */
	readonly file: string | null
	/** A shell command for each operator. */
	readonly operators: readonly string[]
	/** Null waits as long as it takes. */
	readonly timeoutSecs: number | null
	readonly json: boolean
}

/** What was typed, read and checked before anything is started. Throws usage errors. */
export function readRunRequest({ flags, positionals }: Pick<Invocation, 'flags' | 'positionals'>): RunRequest {
	const ctx = lastOf(flags, 'ctx')
	const goal = lastOf(flags, 'goal')
	const ttl = readSeconds(flags, 'ttl')
	const blueprint = readReference(positionals[0])
	return {
		file: blueprint.kind === 'inline' ? (positionals[0] ?? null) : null,
		launch: {
			blueprint,
			init_ctx: ctx === undefined ? {} : readJsonFlag('ctx', ctx),
			detach: true,
			...(goal !== undefined && { goal }),
			...(ttl !== null && { ttl_secs: ttl }),
			...folder(flags, 'project-root', 'project_root'),
			...folder(flags, 'work-dir', 'work_dir'),
		},
		operators: flags.get('operator') ?? [],
		timeoutSecs: readSeconds(flags, 'timeout'),
		json: isOn(flags, 'json'),
	}
}

function readReference(name: string | undefined): LaunchBody['blueprint'] {
	if (!name) throw usageError('Which Blueprint? Name a file or an id.', 'mse-server run hello runs a sample.')
	if (!isFileName(name)) return { kind: 'id', id: name }
	// A script is run once there is a configuration that says with which limits.
	const value: Json = isScript(name) ? null : readJsonFile(name)
	return { kind: 'inline', value }
}

function readSeconds(flags: Flags, name: string): number | null {
	const text = lastOf(flags, name)
	if (text === undefined) return null
	if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
	throw usageError(`--${name} is "${text}"; expected a whole number of seconds above 0.`)
}

/** Workers do not share our working folder, so they get the whole path. */
function folder<Key extends 'project_root' | 'work_dir'>(flags: Flags, flag: string, key: Key): { readonly [K in Key]?: string } {
	const given = lastOf(flags, flag)
	if (given === undefined) return {}
	const path = resolve(given)
	if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw usageError(`--${flag}: there is no folder ${path}.`)
	return { [key]: path } as { readonly [K in Key]?: string }
}
