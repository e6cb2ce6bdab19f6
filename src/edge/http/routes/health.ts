import { Type } from '@sinclair/typebox'
import { API_VERSION, API_VERSIONS, FEATURES, VERSION } from '../../../kernel/version.ts'
import { refusals } from '../../../protocol/error.ts'
import {
	type Check,
	type Doctor,
	DoctorQuerySchema,
	DoctorSchema,
	type Readiness,
	ReadinessSchema,
	type Status,
	StatusSchema,
	VersionSchema,
} from '../../../protocol/health.ts'
import { swarmRoutes } from '../failure.ts'
import { openRoute } from '../guard.ts'

export interface HealthDeps {
	readiness(): Promise<Readiness>
	/** The instant snapshot. */
	doctor(): Promise<Doctor>
	/** Proves each capability, which takes a moment. */
	checks(): Promise<Check[]>
	status(): Promise<Status>
}

/** Liveness, readiness and what this server is. Only liveness is open when an admin token guards the rest. */
export const healthRoutes = (deps: HealthDeps) =>
	swarmRoutes('health')
		.get(
			'/v1/healthz',
			({ set }) => {
				set.headers['content-type'] = 'text/plain; charset=utf-8'
				return 'ok' as const
			},
			{
				detail: { summary: 'Says that the process is alive', ...openRoute },
				response: { 200: Type.Literal('ok', { contentMediaType: 'text/plain' }) },
			},
		)
		.get(
			'/v1/readyz',
			async ({ status }) => {
				const readiness = await deps.readiness()
				return status(readiness.ready ? 200 : 503, readiness)
			},
			{
				detail: { summary: 'Says whether the server takes work, and if not, why' },
				response: { 200: ReadinessSchema, 503: ReadinessSchema },
			},
		)
		.get('/v1/version', () => ({ name: 'mse-server', version: VERSION, ...surface(), api_versions: [...API_VERSIONS] }), {
			detail: { summary: 'Names the server and its version' },
			response: { 200: VersionSchema },
		})
		.get(
			'/v1/doctor',
			async ({ query }) => ({ ...(await deps.doctor()), ...surface(), ...(query.probe && { checks: await deps.checks() }) }),
			{
				query: DoctorQuerySchema,
				detail: { summary: 'Shows how the server is set up, and with `probe` what it can do' },
				response: { 200: DoctorSchema, ...refusals(400) },
			},
		)
		.get('/v1/status', () => deps.status(), { detail: { summary: 'Counts what is going on' }, response: { 200: StatusSchema } })

const surface = () => ({ api_version: API_VERSION, features: [...FEATURES] })
