import type { WebhookView } from '../../../protocol/webhook.ts'

/** How a webhook stands, in one word. */
export function webhookWord({ trying, undelivered_total }: Pick<WebhookView, 'trying' | 'undelivered_total'>): string {
	if (trying !== null) return 'retrying'
	return undelivered_total > 0 ? 'failed' : 'ok'
}

/** What went wrong last; null while all is well. */
export function lastError({ trying, undelivered }: Pick<WebhookView, 'trying' | 'undelivered'>): string | null {
	if (trying !== null) return trying.error
	const newest = [...undelivered].sort((a, b) => b.at - a.at)[0]
	return newest?.error ?? null
}

/** Those in trouble first, then by name. */
export const inOrder = (webhooks: readonly WebhookView[]): readonly WebhookView[] =>
	[...webhooks].sort((a, b) => Number(webhookWord(a) === 'ok') - Number(webhookWord(b) === 'ok') || a.name.localeCompare(b.name))
