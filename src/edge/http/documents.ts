import { swagger } from '@elysiajs/swagger'
import { Elysia } from 'elysia'
import { swarmFailure, unknownPath } from './failure.ts'
import { openRoute } from './guard.ts'
import { completeDocument, type DescribedRoute, type Skeleton } from './openapi/document.ts'
import { pageFiles } from './openapi/page.ts'

const ABOUT = `Runs multi-agent task flows durably.

Errors are \`{error, code, hint?, details?}\`: \`error\` is a sentence, \`code\` a stable word; those of the worker runtime are \
\`{error: {code, message, details?}}\`. An unknown path is 404, \
another method of a known one 405 with \`Allow\`. Every answer has an \`x-request-id\`, under which the server logs.`

const bearer = (description: string) => ({ type: 'http', scheme: 'bearer', description }) as const
/** The names that routes give their credentials in `detail.security`. */
const securitySchemes = {
	admin: bearer('The admin token of the server. Asked for once one is configured; without one these routes are open.'),
	operator: bearer('The token of an operator session, from its join.'),
	worker: bearer('The handle or the capability token of an attempt, from its spawn frame or its environment.'),
	runtime: bearer('The local token of the worker runtime (`runtime.local_token`).'),
	session: bearer('The secret `session_id` of an engine session.'),
}

const DOCUMENT = '/swagger/json'
/** Where the plugin puts a page of its own, which loads its script from the internet: not served. */
const FOREIGN_PAGE = '/swagger/scalar'

/** The OpenAPI document at `/swagger/json`, and the page at `/swagger` that shows it without the internet. */
export function documents(version: string, routes: () => readonly DescribedRoute[]) {
	const info = { title: 'mse-server', version, description: ABOUT }
	const page = new Elysia({ name: 'swagger-page' })
	for (const [path, file] of Object.entries(pageFiles)) page.get(path, () => file(), { detail: { hide: true, ...openRoute } })
	return new Elysia({ name: 'documents' })
		.onBeforeHandle(({ path }) => (path === FOREIGN_PAGE ? swarmFailure(unknownPath(path)) : undefined))
		.onAfterHandle(({ path, response }) => (path === DOCUMENT ? completeDocument(response as unknown as Skeleton, routes()) : undefined))
		.use(swagger({ path: FOREIGN_PAGE, specPath: DOCUMENT, documentation: { info, components: { securitySchemes } } }))
		.use(page)
}
