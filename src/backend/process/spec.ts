import { MseError } from '../../kernel/error.ts'
import { isJsonObject } from '../../kernel/json.ts'
import { FRAMINGS, type Framing } from './framing.ts'

/** What an agent of kind `subprocess` says about its child. */
export interface ProcessSpec {
	readonly program: string
	readonly args: readonly string[]
	/** The prompt goes to stdin; otherwise it is the last argument. */
	readonly useStdin: boolean
	/** Absent: the whole of stdout is the result. */
	readonly framing: Framing | undefined
	readonly env: { readonly [name: string]: string }
	readonly cwd: string | undefined
}

/**
 * The keys of mlua-swarm 0.1.0 are read as it reads them: optional ones of the wrong type count as absent. `env` and `cwd`
 * are ours and must be right. Throws `invalid` (code `invalid_agent_spec`).
 */
export function parseProcessSpec(raw: unknown): ProcessSpec {
	const spec = isJsonObject(raw) ? raw : {}
	if (typeof spec.program !== 'string') throw invalid("shell spec: 'program' (string) required")
	return {
		program: spec.program,
		args: Array.isArray(spec.args) ? spec.args.filter((arg) => typeof arg === 'string') : [],
		useStdin: spec.use_stdin !== false,
		framing: parseFraming(spec.stream_mode),
		env: parseEnv(spec.env),
		cwd: parseCwd(spec.cwd),
	}
}

/** Undefined for anything that is no text; throws `invalid` for a mode that does not exist. */
export function parseFraming(mode: unknown): Framing | undefined {
	if (typeof mode !== 'string') return undefined
	const framing = FRAMINGS.find((known) => known === mode)
	if (framing) return framing
	throw invalid(`unknown stream_mode: ${mode}`, `Stream modes: ${FRAMINGS.join(', ')}; without one the whole output is the result.`)
}

function parseEnv(env: unknown): { readonly [name: string]: string } {
	if (env === undefined) return {}
	if (!isJsonObject(env)) throw invalid("shell spec: 'env' must be an object of strings")
	const strings: Record<string, string> = {}
	for (const [name, value] of Object.entries(env)) {
		if (typeof value !== 'string') throw invalid(`shell spec: 'env.${name}' must be a string`)
		strings[name] = value
	}
	return strings
}

function parseCwd(cwd: unknown): string | undefined {
	if (cwd === undefined || typeof cwd === 'string') return cwd
	throw invalid("shell spec: 'cwd' must be a string")
}

function invalid(message: string, hint?: string): MseError {
	return new MseError('invalid', message, { code: 'invalid_agent_spec', ...(hint ? { hint } : {}) })
}
