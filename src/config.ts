import { type FlatFile, invalidConfig, parseConfigFile } from './config/file.ts'
import { type AnyKey, everyKey, type keyTable, openSections, retiredKeys, type SectionName, spellings } from './config/key.ts'
import { isLoopback } from './config/value.ts'

type SectionValues<S extends SectionName> = {
	readonly [K in keyof (typeof keyTable)[S]]: (typeof keyTable)[S][K] extends { readonly fallback: infer V } ? V : never
}
type ClosedSections = { readonly [S in Exclude<SectionName, 'top'>]: SectionValues<S> }
type OpenSections = { readonly [S in (typeof openSections)[number]]: Readonly<Record<string, unknown>> }
type Found = {
	/** Where the file was looked for, whether or not it was there. */
	readonly configFile: string
	/** Sentences to log at the start. */
	readonly warnings: readonly string[]
}

/** What the server was told, complete and frozen. Durations and sizes carry their unit in the name. */
export type Config = SectionValues<'top'> & ClosedSections & OpenSections & Found

export interface ConfigSources {
	/** Flag names without dashes, each with its values in order; a switch has `true` or `false`. */
	readonly flags: ReadonlyMap<string, readonly string[]>
	/** An empty variable counts as unset. */
	readonly env: Readonly<Record<string, string | undefined>>
	/** The file's text, or `undefined` when there is none. */
	readonly readFile: (path: string) => string | undefined
}

/** A flag of `serve`, as the command line parses and explains it. `placeholder` is null for a switch. */
export interface ConfigFlag {
	readonly name: string
	readonly placeholder: string | null
	readonly doc: string
}

/**
 * One Config from the command line, the `MSE_*` environment, the file and the defaults, strongest first.
 * Throws `invalid` with code `config_invalid` for an unknown key, a bad value, or an address that would be open to everybody.
 */
export function loadConfig(sources: ConfigSources): Config {
	const named = sources.flags.get('config')?.at(-1) ?? (sources.env.MSE_CONFIG || undefined)
	const configFile = fromHome(named ?? '~/.mse/config.toml', sources.env)
	const text = sources.readFile(configFile)
	const file: FlatFile = text === undefined ? new Map() : parseConfigFile(configFile, text)

	const warnings = retiredWarning(sources, file)
	if (named !== undefined && text === undefined) warnings.push(`The config file ${configFile} does not exist; going on without it.`)
	const values: Record<string, unknown> = { ...readKeys({ ...sources, file, configFile, warnings }), configFile, warnings }
	for (const name of openSections) values[name] = file.get(name) ?? {}
	const config = deepFreeze(values) as Config
	refuseOpenDoor(config)
	return config
}

/** The flags of `serve`, in the order of the table. `--config` comes first. */
export function configFlags(): readonly ConfigFlag[] {
	const flags: ConfigFlag[] = [{ name: 'config', placeholder: 'PATH', doc: 'file to read (default ~/.mse/config.toml)' }]
	for (const { section, name, key } of everyKey()) {
		const { flag } = spellings(section, name, key.flag)
		flags.push({ name: flag, placeholder: key.type.placeholder, doc: `${key.doc}${defaultDoc(key)}` })
	}
	return flags
}

/** Flags of mlua-swarm that are accepted and have no effect; no help lists them. */
export function retiredFlags(): readonly ConfigFlag[] {
	return retiredKeys.map((name) => ({ name: name.replaceAll('_', '-'), placeholder: 'TEXT', doc: 'no effect' }))
}

interface Layers extends ConfigSources {
	readonly file: FlatFile
	readonly configFile: string
	/** Sentences are added to it. */
	readonly warnings: string[]
}

/** The keys of `top` as they are, those of a section under its name. */
function readKeys(layers: Layers): Record<string, unknown> {
	const top: Record<string, unknown> = {}
	for (const { section, name, key } of everyKey()) {
		const value = readKey(layers, key, spellings(section, name, key.flag))
		if (section === 'top') top[name] = value
		else top[section] = { ...(top[section] as object | undefined), [name]: value }
	}
	return top
}

function readKey(layers: Layers, key: AnyKey, names: { file: string; flag: string; env: string }): unknown {
	const given: { from: string; value: unknown; raw: unknown }[] = []
	const texts = (from: string, raw: string): void => void given.push({ from, value: key.type.fromText(raw), raw })
	const flags = layers.flags.get(names.flag) ?? []
	for (const value of key.joined ? flags : flags.slice(-1)) texts(`--${names.flag}`, value)
	const variable = layers.env[names.env]
	if (variable) texts(names.env, variable)
	given.push(...standardValues(layers, key))
	const inFile = layers.file.get(names.file)
	if (inFile !== undefined) given.push({ from: `${names.file} in ${layers.configFile}`, value: inFile, raw: inFile })

	const checked = given.map(({ from, value, raw }) => {
		const good = key.type.check(value)
		if (good !== undefined) return good
		throw invalidConfig(`${from} is ${key.secret ? 'not usable' : JSON.stringify(raw)}; expected ${key.type.expected}.`)
	})
	const chosen = checked.length === 0 ? key.fallback : key.joined ? checked.flat() : checked[0]
	return key.type.paths ? homePaths(chosen, layers.env) : chosen
}

/** Those variables are for every program, so what is wrong for this one is no reason not to start. */
function standardValues({ env, warnings }: Layers, key: AnyKey): { from: string; value: unknown; raw: unknown }[] {
	return (key.standardEnv ?? []).flatMap((name) => {
		const raw = env[name]
		const value = raw ? key.type.fromText(raw) : undefined
		if (!raw || key.type.check(value) !== undefined) return raw ? [{ from: name, value, raw }] : []
		warnings.push(`${name} is ${key.secret ? 'not usable' : JSON.stringify(raw)} and has no effect; expected ${key.type.expected}.`)
		return []
	})
}

function retiredWarning({ flags, env }: ConfigSources, file: FlatFile): string[] {
	const used = retiredKeys.filter((key) => file.has(key) || flags.has(key.replaceAll('_', '-')) || env[`MSE_${key.toUpperCase()}`])
	return used.length === 0 ? [] : [`These settings have no effect here: ${used.join(', ')}.`]
}

/** Any address but loopback is reachable by others, so it needs a token. */
function refuseOpenDoor({ bind, adminToken, adminTokenFile }: Config): void {
	if (isLoopback(bind) || adminToken !== null || adminTokenFile !== null) return
	throw invalidConfig(
		`bind is ${bind.text}, which others can reach, and there is no admin token.`,
		'Set MSE_ADMIN_TOKEN, pass --admin-token-file PATH to have one made, or bind 127.0.0.1.',
	)
}

function defaultDoc(key: AnyKey): string {
	if (key.fallbackDoc !== undefined) return ` (default ${key.fallbackDoc})`
	if (key.fallback === null || key.fallback === false) return ''
	return Array.isArray(key.fallback) ? ' (may be repeated)' : ` (default ${key.fallback})`
}

function homePaths(value: unknown, env: ConfigSources['env']): unknown {
	if (Array.isArray(value)) return value.map((item) => homePaths(item, env))
	return typeof value === 'string' ? fromHome(value, env) : value
}

/** Without HOME, `~/` is the working folder, as in mlua-swarm. */
function fromHome(path: string, env: ConfigSources['env']): string {
	return path.startsWith('~/') ? (env.HOME ? `${env.HOME}/${path.slice(2)}` : path.slice(2)) : path
}

function deepFreeze<T>(value: T): T {
	if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
	for (const inner of Object.values(value)) deepFreeze(inner)
	return Object.freeze(value)
}
