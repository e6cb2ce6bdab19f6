import type { Static, TSchema } from '@sinclair/typebox'
import { MseError } from '../../kernel/error.ts'
import { jsonBody, optionalJsonBody } from './body.ts'

interface ParseContext {
	readonly request: Request
	readonly store: object
	readonly params?: { readonly [name: string]: string }
}

/** Hooks of a runtime route with a JSON body. Whatever is wrong with it is 400 `invalid_json`, too large and wrong type included. */
export function runtimeBody<Schema extends TSchema>(schema: Schema) {
	const { body, parse } = jsonBody(schema)
	return { body, parse: (context: ParseContext): Promise<Static<Schema>> => reading('invalid JSON request body', context, parse) }
}

/** As `runtimeBody`, where no body is fine and its content type means nothing; too large stays 413. */
export function lifecycleBody<Schema extends TSchema>(schema: Schema) {
	const { body, parse } = optionalJsonBody(schema)
	const asJson = async (context: ParseContext): Promise<Static<Schema> | undefined> =>
		parse({ ...context, request: new Request(context.request, { headers: { 'content-type': 'application/json' } }) })
	return { body, parse: (context: ParseContext) => reading('invalid lifecycle request JSON', context, asJson) }
}

/** Throws `invalid_worker_id` for an id that is blank once it is decoded. */
export function requireWorkerId(id: string | undefined): string {
	if (id === undefined || id.trim() === '') throw new MseError('malformed', 'worker_id must not be empty', { code: 'invalid_worker_id' })
	return id
}

async function reading<T>(prefix: string, context: ParseContext, parse: (context: ParseContext) => Promise<T>): Promise<T> {
	if (context.params && 'id' in context.params) requireWorkerId(context.params.id)
	try {
		return await parse(context)
	} catch (error) {
		if (!(error instanceof MseError) || (error.kind === 'too_large' && prefix.includes('lifecycle'))) throw error
		throw new MseError('malformed', `${prefix}: ${error.message}`, { code: 'invalid_json', details: error.details })
	}
}
