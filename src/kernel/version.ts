import manifest from '../../package.json'

/** The product's version, as package.json states it. */
export const VERSION: string = manifest.version

/** Version of our own HTTP and WebSocket surface. It changes only when a client of the old one would break. */
export const API_VERSION = 'v1'

/** All versions of it that this build answers. */
export const API_VERSIONS: readonly string[] = [API_VERSION]

/** Frames of ours on an operator's socket; they go only to a client that said `hello`. */
export const OPERATOR_FEATURES: readonly string[] = ['received', 'error', 'going_away']

/**
 * What this build can do beyond mlua-swarm 0.1.0 and 0.26.0, for clients that meet servers of several ages. A word that was
 * told once keeps its meaning; what is new gets a new word.
 */
export const FEATURES: readonly string[] = [
	...OPERATOR_FEATURES,
	'requests',
	'redeliver',
	'idempotency_key',
	'events_sse',
	'events_ws',
	'doctor_probe',
	'blueprint_versions',
	'steering',
	'rerun_from',
	'attach_session_list',
	'approvals',
	'mcp',
]
