import { Type } from '@sinclair/typebox'
import { type IdempotencyStore, oncePerKey } from '../../../core/access/idempotency.ts'
import type { BlueprintStore } from '../../../core/blueprint/store.ts'
import { type Issue, newIssue, refuseRetry, refuseUnknownIssue } from '../../../core/enhance/issue.ts'
import { refuseUnknown, requireSetting, saveSetting } from '../../../core/enhance/setting.ts'
import type { EnhanceStore } from '../../../core/enhance/store.ts'
import type { Clock } from '../../../kernel/clock.ts'
import { MseError } from '../../../kernel/error.ts'
import { newIssueId, type RunId } from '../../../kernel/id.ts'
import { isJsonObject, type Json } from '../../../kernel/json.ts'
import {
	EnhanceLogEntrySchema,
	EnhanceLogQuerySchema,
	EnhanceSettingInputSchema,
	EnhanceSettingSchema,
	type GetIssueResponse,
	GetIssueResponseSchema,
	IssueListQuerySchema,
	IssueListSchema,
	PostIssueRequestSchema,
	type PostIssueResponse,
	PostIssueResponseSchema,
} from '../../../protocol/enhance.ts'
import { refusals } from '../../../protocol/error.ts'
import { jsonBody } from '../body.ts'
import { swarmRoutes } from '../failure.ts'
import { keyOf, takesKey } from '../idempotency.ts'

export interface EnhanceDeps {
	readonly enhance: EnhanceStore
	readonly blueprints: BlueprintStore
	readonly clock: Clock
	/** Keeps what idempotency keys did; without it they have no effect. */
	readonly keys?: IdempotencyStore
	/** Why the run of an issue in flight waits for somebody; null, as without it, while it goes on by itself. */
	readonly interruptionOf?: (runId: RunId) => Promise<string | null>
}

const DEFAULT_LIMIT = 1000
const MAX_LIMIT = 10_000
const Nothing = Type.Undefined()
const WORKED_ON =
	'With `enable_enhance_flow` issues are worked on, oldest first and one at a time for each Blueprint; without it they stay `pending`.'

/** Wishes about Blueprints, what became of them, and how they are worked on (mlua-swarm 0.1.0 and 0.26.0). */
export const enhanceRoutes = (deps: EnhanceDeps) => issueRoutes(deps).use(enhanceLogRoutes(deps)).use(enhanceSettingRoutes(deps))

type IssueDeps = Pick<EnhanceDeps, 'enhance' | 'clock' | 'keys' | 'interruptionOf'>

export const issueRoutes = (deps: IssueDeps) => issueWritingRoutes(deps).use(issueReadingRoutes(deps))

function issueWritingRoutes({ enhance, clock, keys }: IssueDeps) {
	const once = oncePerKey<PostIssueResponse>(keys)
	return swarmRoutes('issue-writing')
		.post(
			'/v1/issues',
			async ({ body, request, status }) => {
				const post = async (): Promise<PostIssueResponse> => {
					const issue = newIssue(body, newIssueId(), clock.now())
					await enhance.addIssue(issue)
					return { issue_id: issue.id, status: 'pending' }
				}
				return status(201, await once(keyOf(request, body), post, async (effect) => toPosted(effect)))
			},
			{
				...takesKey,
				...jsonBody(PostIssueRequestSchema),
				detail: { summary: 'Files a wish about a Blueprint', description: WORKED_ON },
				response: { 201: PostIssueResponseSchema, ...refusals(400, 422, 503) },
			},
		)
		.post(
			'/v1/issues/:id/retry',
			async ({ params }) => {
				const retried = await enhance.retryIssue(params.id)
				return toWireIssue(retried ?? refuseRetry((await enhance.issue(params.id)) ?? refuseUnknownIssue(params.id)))
			},
			{
				detail: {
					summary: 'Has a rejected issue worked on once more',
					description: 'What was found before is part of what the next run is told.',
				},
				response: { 200: GetIssueResponseSchema, ...refusals(404, 409, 503) },
			},
		)
}

const issueReadingRoutes = ({ enhance, interruptionOf }: IssueDeps) =>
	swarmRoutes('issue-reading')
		.get(
			'/v1/issues',
			async ({ query }) => {
				const limit = Math.min(query.limit ?? DEFAULT_LIMIT, MAX_LIMIT)
				const issues = await enhance.issues({ status: query.status, blueprintId: query.blueprint_id, limit })
				return { issues: await Promise.all(issues.map((issue) => toShown(issue, interruptionOf))) }
			},
			{
				query: IssueListQuerySchema,
				detail: { summary: 'Lists issues, newest first' },
				response: { 200: IssueListSchema, ...refusals(400) },
			},
		)
		.get(
			'/v1/issues/:id',
			async ({ params }) => toShown((await enhance.issue(params.id)) ?? refuseUnknownIssue(params.id), interruptionOf),
			{
				detail: { summary: 'Shows an issue', description: WORKED_ON },
				response: { 200: GetIssueResponseSchema, ...refusals(404) },
			},
		)

export const enhanceLogRoutes = ({ enhance }: Pick<EnhanceDeps, 'enhance'>) =>
	swarmRoutes('enhance-log')
		.get(
			'/v1/enhance/log',
			async ({ query }) => {
				const limit = Math.min(query.limit ?? DEFAULT_LIMIT, MAX_LIMIT)
				return [...(await enhance.log({ blueprintId: query.blueprint_id, limit }))]
			},
			{
				query: EnhanceLogQuerySchema,
				detail: { summary: 'Lists what became of issues' },
				response: { 200: Type.Array(EnhanceLogEntrySchema), ...refusals(400) },
			},
		)
		.get('/v1/enhance/log/:issue_id', async ({ params }) => (await enhance.logOf(params.issue_id)) ?? refuseEntry(params.issue_id), {
			detail: { summary: 'Shows what became of one issue' },
			response: { 200: EnhanceLogEntrySchema, ...refusals(404) },
		})

export const enhanceSettingRoutes = ({ enhance, blueprints }: Pick<EnhanceDeps, 'enhance' | 'blueprints'>) =>
	swarmRoutes('enhance-settings')
		.get('/v1/enhance-settings', async () => [...(await enhance.settingIds())], {
			detail: { summary: 'Lists the ids of settings' },
			response: { 200: Type.Array(Type.String(), { examples: [['default']] }) },
		})
		.post('/v1/enhance-settings', async ({ body, status }) => status(201, await saveSetting({ enhance, blueprints }, body)), {
			...jsonBody(EnhanceSettingInputSchema),
			detail: { summary: 'Saves a setting' },
			response: { 201: EnhanceSettingSchema, ...refusals(400, 409, 422, 503) },
		})
		.get('/v1/enhance-settings/:id', ({ params }) => requireSetting(enhance, params.id), {
			detail: { summary: 'Shows a setting' },
			response: { 200: EnhanceSettingSchema, ...refusals(404) },
		})
		.put(
			'/v1/enhance-settings/:id',
			async ({ params, body }) => {
				if (params.id !== body.id)
					throw new MseError('malformed', `path id=${params.id} != body.id=${body.id}`, { code: 'setting_id_mismatch' })
				await requireSetting(enhance, params.id)
				return saveSetting({ enhance, blueprints }, body)
			},
			{
				...jsonBody(EnhanceSettingInputSchema),
				detail: { summary: 'Replaces a setting' },
				response: { 200: EnhanceSettingSchema, ...refusals(400, 404, 409, 422, 503) },
			},
		)
		.delete(
			'/v1/enhance-settings/:id',
			async ({ params, status }) => {
				if (!(await enhance.removeSetting(params.id))) return refuseUnknown(params.id)
				return status(204, undefined)
			},
			{ detail: { summary: 'Removes a setting' }, response: { 204: Nothing, ...refusals(404, 503) } },
		)

/** What a repeat answers; the issue may have gone on meanwhile, which its own route shows. */
function toPosted(effect: Json): PostIssueResponse {
	return { issue_id: isJsonObject(effect) ? String(effect.issue_id) : '', status: 'pending' }
}

async function toShown(issue: Issue, interruptionOf: EnhanceDeps['interruptionOf']): Promise<GetIssueResponse> {
	const isAtWork = issue.status === 'in_flight' && issue.runId !== null
	const interrupted = isAtWork ? await interruptionOf?.(issue.runId) : null
	return { ...toWireIssue(issue), ...(interrupted && { interrupted }) }
}

function toWireIssue({ id, status, blueprintId, intent, reason, newVersion, runId, attempt }: Issue): GetIssueResponse {
	return { issue_id: id, status, blueprint_id: blueprintId, intent, reason, new_version: newVersion, run_id: runId, attempt }
}

function refuseEntry(id: string): never {
	throw new MseError('not_found', `There is no log entry about issue ${id}.`, { code: 'unknown_log_entry' })
}
