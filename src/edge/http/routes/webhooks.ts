import { Type } from '@sinclair/typebox'
import type { Webhooks } from '../../../core/webhook/webhooks.ts'
import { refusals } from '../../../protocol/error.ts'
import { WebhookListSchema, WebhookRetriedSchema } from '../../../protocol/webhook.ts'
import { swarmRoutes } from '../failure.ts'

export interface WebhookDeps {
	readonly webhooks: Pick<Webhooks, 'list' | 'retry'>
}

/** How far the addresses that are told of events got. */
export const webhookRoutes = ({ webhooks }: WebhookDeps) =>
	swarmRoutes('webhooks')
		.get('/v1/webhooks', async () => ({ webhooks: [...(await webhooks.list())] }), {
			detail: { summary: 'Shows every webhook, how far it got, and what it could not deliver' },
			response: { 200: WebhookListSchema },
		})
		.post('/v1/webhooks/:name/retry', ({ params }) => webhooks.retry(params.name), {
			params: Type.Object({ name: Type.String() }),
			detail: { summary: 'Tries to deliver, oldest first, what was given up' },
			response: { 200: WebhookRetriedSchema, ...refusals(404, 503) },
		})
