import type { Attempt } from '../../core/dispatch/backend.ts'

export type Environment = { readonly [name: string]: string | undefined }

/** The variable that marks every process of an attempt; its children inherit it. */
export const ATTEMPT_KEY = 'MSE_ATTEMPT_KEY'

/** What a program needs to run like in its user's shell. Credentials of the server's own environment stay out. */
const INHERITED = new Set(['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TERM', 'TMPDIR', 'TZ', 'LANG', 'LANGUAGE'])
const INHERITED_PREFIX = 'LC_'
/** `BUN_BE_BUN` and its kin change what our own binary does; `MSE_*` is the server's configuration. */
const NEVER_INHERITED = /^(BUN_|MSE_)/

export interface EnvironmentSource {
	/** The server's own environment. */
	readonly environment: Environment
	/** Further names that children may inherit. */
	readonly inherit?: readonly string[]
	/** Where the child reaches this server; undefined while nothing listens. */
	baseUrl(): string | undefined
}

/** The whole environment of a child: little of the server's, then what the agent's spec sets, then what says who it is. */
export function childEnvironment(source: EnvironmentSource, own: Environment, attempt: Attempt): Record<string, string> {
	return withoutUndefined({ ...inheritedVariables(source), ...own, ...identity(source, attempt) })
}

/** What of the server's own environment a child gets. */
export function inheritedVariables({ environment, inherit = [] }: EnvironmentSource): Record<string, string> {
	const more = new Set(inherit)
	const passes = (name: string): boolean =>
		!NEVER_INHERITED.test(name) && (INHERITED.has(name) || name.startsWith(INHERITED_PREFIX) || more.has(name))
	return withoutUndefined(Object.fromEntries(Object.entries(environment).filter(([name]) => passes(name))))
}

/** The first five are those of mlua-swarm 0.1.0, which calls a step a task. The token itself is never among them. */
function identity(source: EnvironmentSource, attempt: Attempt): Environment {
	return {
		MSE_TOKEN_AGENT_ID: `worker-of-${attempt.stepId}`,
		MSE_TOKEN_NONCE: attempt.credentials?.nonce,
		MSE_TASK_ID: attempt.stepId,
		MSE_ATTEMPT: String(attempt.n),
		MSE_CTX_AGENT: attempt.agent,
		MSE_BASE_URL: source.baseUrl(),
		MSE_WORKER_HANDLE: attempt.credentials?.handle,
		MSE_RUN_ID: attempt.runId,
		// A server that it starts counts on from there.
		MSE_SPAWN_DEPTH: String(attempt.depth + 1),
		MSE_STEP: attempt.stepId,
		MSE_IN_REFS: attempt.context.input_refs?.join(','),
		...(attempt.traceparent !== undefined && { TRACEPARENT: attempt.traceparent }),
		[ATTEMPT_KEY]: attempt.key,
	}
}

function withoutUndefined(environment: Environment): Record<string, string> {
	const set: Record<string, string> = {}
	for (const [name, value] of Object.entries(environment)) if (value !== undefined) set[name] = value
	return set
}
