import { delimiter, dirname, resolve } from 'node:path'
import type { Config } from '../config.ts'
import { expandDocument, refuseReferences } from '../core/blueprint/expand-document.ts'
import { MseError } from '../kernel/error.ts'
import type { Json } from '../kernel/json.ts'
import { includedFiles } from '../store/included-file.ts'

type Environment = { readonly [name: string]: string | undefined }
type Expand = (document: Json) => Promise<Json>

/** How posted Blueprints get their files: refused with strict embed, left alone without a base folder. */
export function expandPosted(config: Config, environment: Environment): Expand {
	const { blueprintRefBase: base, blueprintStrictEmbed } = config
	return async (document) => {
		if (blueprintStrictEmbed) refuseReferences(document)
		if (base === null || blueprintStrictEmbed) return document
		return withPrefix(expandDocument(document, { ...optionsOf(config, environment), base, trusted: false }))
	}
}

/** A document of the user's own, read from `file`: its references start from that file's folder. For `mse-server run` and its like. */
export function expandFileDocument(document: Json, file: string, config: Config, environment: Environment): Promise<Json> {
	return expandDocument(document, { ...optionsOf(config, environment), base: dirname(resolve(file)), trusted: true })
}

function optionsOf({ blueprintRefIncludes, defaultAgentKind, limits }: Config, { MSE_BLUEPRINT_INCLUDES: listed = '' }: Environment) {
	const includes = [...listed.split(delimiter).filter((folder) => folder !== ''), ...blueprintRefIncludes]
	return { files: includedFiles, includes, defaultAgentKind, limitBytes: limits.bodyBytes }
}

/** The sentence of mlua-swarm 0.1.0 over HTTP. */
async function withPrefix(expanded: Promise<Json>): Promise<Json> {
	try {
		return await expanded
	} catch (error) {
		if (!(error instanceof MseError)) throw error
		const { kind, code, hint, details } = error
		throw new MseError(kind, `ref expand: ${error.message}`, { code, ...(hint !== undefined && { hint }), details, cause: error })
	}
}
