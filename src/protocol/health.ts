import { type Static, Type } from '@sinclair/typebox'
import { FlagParam } from './query.ts'
import { ServerPausedSchema } from './server.ts'

const nullable = <S extends Parameters<typeof Type.Union>[0][number]>(schema: S) => Type.Union([schema, Type.Null()])

/** `GET /v1/readyz`: 200 when work is taken, 503 with the reasons when not. */
export const ReadinessSchema = Type.Object({ ready: Type.Boolean(), reasons: Type.Array(Type.String()) })
export type Readiness = Static<typeof ReadinessSchema>

/** What a client may count on; `features` are words of one list that only grows. */
const Surface = { api_version: Type.String({ examples: ['v1'] }), features: Type.Array(Type.String()) }

export const VersionSchema = Type.Object({
	name: Type.String({ examples: ['mse-server'] }),
	version: Type.String({ examples: ['0.1.0'] }),
	...Surface,
	api_versions: Type.Array(Type.String()),
})
export type Version = Static<typeof VersionSchema>

/** How one capability was found: `missing` is not there and can be had, `broken` is there and does not do its work. */
export const CheckSchema = Type.Object({
	name: Type.String(),
	status: Type.Unsafe<'ok' | 'missing' | 'broken'>(Type.Union(['ok', 'missing', 'broken'].map((status) => Type.Literal(status)))),
	/** What was observed. */
	detail: Type.String(),
	/** How to get or mend it. */
	hint: Type.Optional(Type.String()),
})
export type Check = Static<typeof CheckSchema>

export const DoctorQuerySchema = Type.Object({ probe: Type.Optional(FlagParam) }, { additionalProperties: true })

/**
 * The instant snapshot of `GET /v1/doctor` (mlua-swarm 0.26.0, without `server_version`, which its adapter compares with its
 * own). Nulls are written, ids are sorted. `api_version` and `features` are ours; so is `checks`, which comes with `?probe=true`.
 */
export const DoctorSchema = Type.Object(
	{
		bind: Type.String(),
		blueprint_backend: Type.String(),
		blueprint_store_root: nullable(Type.String()),
		blueprint_ref_base: nullable(Type.String()),
		enhance_flow_enabled: Type.Boolean(),
		/** Ours: whether runs are sent to a collector as traces. */
		traces_enabled: Type.Boolean(),
		seed_blueprint_id: Type.String(),
		registered_blueprint_ids: Type.Array(Type.String()),
		registered_blueprint_count: Type.Integer(),
		legacy_worker_binding_policy: Type.String(),
		check_policy: Type.String(),
		...Surface,
		checks: Type.Optional(Type.Array(CheckSchema)),
	},
	{ additionalProperties: true },
)
/** What there is to say of one server; the rest is the same for every server of a build. */
export type Doctor = Omit<Static<typeof DoctorSchema>, keyof typeof Surface | 'checks'>

/** A job the server does from time to time (mlua-swarm 0.26.0). Times are unix seconds. */
export const PeriodicJobSchema = Type.Object({
	name: Type.String({ examples: ['operator_sweep'] }),
	period_secs: Type.Integer(),
	enabled: Type.Boolean(),
	runs: Type.Integer(),
	errors: Type.Integer(),
	panics: Type.Integer(),
	acted_total: Type.Integer(),
	last_started_secs: nullable(Type.Integer()),
	last_finished_secs: nullable(Type.Integer()),
	last_duration_ms: nullable(Type.Integer()),
	last_outcome: nullable(Type.String()),
})
export type PeriodicJob = Static<typeof PeriodicJobSchema>

export const StatusSchema = Type.Object(
	{
		running_runs: Type.Integer(),
		attached_operators: Type.Integer(),
		/** Present while no step of any run may begin. */
		paused: Type.Optional(ServerPausedSchema),
		/** Present while there is a hive with agents here. */
		hive_open: Type.Optional(Type.Literal(true)),
		periodic_jobs: Type.Array(PeriodicJobSchema),
	},
	{ additionalProperties: true },
)
export type Status = Static<typeof StatusSchema>
