import type { Config } from '../config.ts'
import type { Finding } from '../core/doctor/probe.ts'
import { works } from '../core/doctor/probe.ts'
import type { EventLog } from '../core/event/log.ts'
import type { Webhook } from '../core/webhook/attempt.ts'
import { secretBytes } from '../core/webhook/signature.ts'
import type { WebhookStore } from '../core/webhook/store.ts'
import { startWebhooks, type Webhooks } from '../core/webhook/webhooks.ts'
import { post } from '../edge/webhook/post.ts'
import type { Clock } from '../kernel/clock.ts'
import { parseConfigTable } from '../kernel/config-table.ts'
import { MseError } from '../kernel/error.ts'
import type { Logger } from '../kernel/log.ts'
import { type WebhookTable, WebhookTableSchema } from '../protocol/webhook.ts'

type Environment = { readonly [name: string]: string | undefined }

/** Starts the webhooks of the config file. Throws `config_invalid` for a table that is wrong, or whose secret is missing. */
export function openWebhooks(deps: {
	readonly config: Config
	readonly environment: Environment
	readonly events: EventLog
	readonly webhookStore: WebhookStore
	readonly clock: Clock
	readonly log: Logger
}): Webhooks {
	const { config, environment, events, webhookStore, clock, log } = deps
	const hooks = Object.entries(config.webhook).map(([name, raw]) => toWebhook(name, raw, environment))
	return startWebhooks({ log: events, store: webhookStore, post, clock, logger: log }, hooks)
}

function toWebhook(name: string, raw: unknown, environment: Environment): Webhook {
	const table: WebhookTable = parseConfigTable(['webhook', name], WebhookTableSchema, raw)
	const secret = environment[table.secret_env]
	if (!secret) {
		const sentence = `webhook.${name}.secret_env names ${table.secret_env}, which is not set.`
		throw new MseError('invalid', sentence, {
			code: 'config_invalid',
			hint: 'Deliveries are signed with it, so that their receiver can tell them from others.',
		})
	}
	const { url, kinds = [], timeout_secs = 10, max_attempts = 20 } = table
	return { name, url, secret: secretBytes(secret), kinds, timeoutMs: timeout_secs * 1000, maxAttempts: max_attempts }
}

/** What the doctor says of them. */
export async function webhookFinding(webhooks: Webhooks): Promise<Finding> {
	const all = await webhooks.list()
	const stuck = all.filter(({ trying, undelivered_total }) => trying !== null || undelivered_total > 0)
	if (all.length === 0) return works('none is configured')
	if (stuck.length === 0) return works(`${all.map(({ name }) => name).join(', ')} can deliver`)
	return {
		status: 'broken',
		detail: stuck
			.map(({ name, trying, undelivered_total: n }) => `${name}: ${trying ? trying.error : `${n} events were given up`}`)
			.join('; '),
		hint: 'mse-server webhooks ls shows them; webhooks retry NAME tries again what was given up.',
	}
}
