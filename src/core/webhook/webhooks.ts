import { MseError } from '../../kernel/error.ts'
import type { WebhookRetried, WebhookView } from '../../protocol/webhook.ts'
import { attempt, type Webhook } from './attempt.ts'
import { type DeliveryDeps, deliverAll } from './delivery.ts'
import type { Undelivered } from './store.ts'

/** The webhooks of a server. */
export interface Webhooks {
	list(): Promise<readonly WebhookView[]>
	/** Tries what was given up, oldest first, until one is refused again. Throws `not_found` for an unknown webhook. */
	retry(name: string): Promise<WebhookRetried>
	/** Resolves once no delivery is under way; what was not delivered is by the next life. */
	stop(): Promise<void>
}

const SHOWN = 20
const RETRIED_AT_ONCE = 100

/** Begins to deliver. */
export function startWebhooks(deps: DeliveryDeps, hooks: readonly Webhook[]): Webhooks {
	const stopping = new AbortController()
	const running = hooks.map((hook) => deliverAll(deps, hook, stopping.signal))
	return {
		list: () => Promise.all(hooks.map((hook) => view(deps, hook))),
		async retry(name) {
			const hook = hooks.find((known) => known.name === name)
			if (!hook) throw unknown(name, hooks)
			return retry(deps, hook, stopping.signal)
		},
		async stop() {
			stopping.abort(new Error('the server is stopping'))
			await Promise.all(running)
		},
	}
}

async function view({ store }: DeliveryDeps, { name, url, kinds }: Webhook): Promise<WebhookView> {
	const { cursor = 0, delivered = 0, trying = null } = (await store.progress(name)) ?? {}
	const undelivered = await store.newestUndelivered(name, SHOWN)
	return {
		...{ name, url: withoutQuery(url), kinds: [...kinds], cursor, delivered },
		trying: trying && { event_seq: trying.seq, attempts: trying.attempts, error: trying.error, next_at: trying.nextAt },
		undelivered: undelivered.map(toView),
		undelivered_total: await store.countUndelivered(name),
	}
}

const toView = ({ event, attempts, error, at }: Undelivered) => ({ event_seq: event.seq, kind: event.kind, attempts, error, at })

/** Tokens like to live in queries and in front of hosts. */
function withoutQuery(url: string): string {
	const { origin, pathname } = new URL(url)
	return `${origin}${pathname}`
}

async function retry(deps: DeliveryDeps, hook: Webhook, signal: AbortSignal): Promise<WebhookRetried> {
	const { store } = deps
	let delivered = 0
	for (const { event } of await store.undelivered(hook.name, RETRIED_AT_ONCE)) {
		const refused = await attempt(deps, hook, event, signal)
		if (refused) return { delivered, left: await store.countUndelivered(hook.name), error: refused.error }
		await store.recovered(hook.name, event.seq)
		delivered++
	}
	return { delivered, left: await store.countUndelivered(hook.name) }
}

function unknown(name: string, hooks: readonly Webhook[]): MseError {
	const known = hooks.map((hook) => hook.name).join(', ')
	return new MseError('not_found', `There is no webhook '${name}'.`, {
		code: 'unknown_webhook',
		hint: known === '' ? 'The config file has no [webhook.<name>] table.' : `The config file has ${known}.`,
	})
}
