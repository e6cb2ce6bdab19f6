import { SwarmErrorSchema } from '../../../protocol/error.ts'

/** What routes with a credential may answer besides their success. */
export const failures = {
	400: SwarmErrorSchema,
	401: SwarmErrorSchema,
	403: SwarmErrorSchema,
	404: SwarmErrorSchema,
	409: SwarmErrorSchema,
	410: SwarmErrorSchema,
	413: SwarmErrorSchema,
	422: SwarmErrorSchema,
	503: SwarmErrorSchema,
}

/** Exactly 204 and nothing else: stock clients take any other success for a failure. */
export function noContent(): Response {
	return new Response(null, { status: 204 })
}

/** Text as such; a bare string would leave without a content type. */
export function plainText(text: string): Response {
	return new Response(text, { headers: { 'content-type': 'text/plain; charset=utf-8' } })
}
