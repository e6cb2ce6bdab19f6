import type { Post } from '../../core/webhook/attempt.ts'

/** Sends for webhooks. A redirect is an answer like any other: whoever configured an address means that one. */
export const post: Post = async ({ url, ...request }) => {
	const answer = await fetch(url, { method: 'POST', redirect: 'manual', ...request })
	await answer.body?.cancel()
	return { status: answer.status, retryAfter: answer.headers.get('retry-after') }
}
