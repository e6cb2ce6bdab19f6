import { relative, resolve } from 'node:path'
import * as builder from '../../../core/blueprint/builder/blueprint.ts'
import { MseError, messageOf } from '../../../kernel/error.ts'
import { isJsonObject, type JsonObject } from '../../../kernel/json.ts'

/** What a module imports the builder by; it finds this program's own, wherever the module lies. */
const BUILDER = 'mse-server/blueprint'

/**
 * The Blueprint that a TypeScript or JavaScript module exports by default. The module runs in this process: it is the user's own
 * program. Throws `invalid` (code `script_failed`) with file and line where it fails.
 */
export async function importBlueprint(file: string): Promise<JsonObject> {
	Bun.plugin({
		name: BUILDER,
		setup: (build) => void build.module(BUILDER, () => ({ exports: { ...builder }, loader: 'object' })),
	})
	const { default: exported } = await run(file, () => import(resolve(file)))
	const document: unknown = typeof exported === 'function' ? await run(file, async () => exported()) : exported
	if (isJsonObject(document)) return JSON.parse(JSON.stringify(document))
	throw failed(`${file}: it has to export a Blueprint: export default blueprint({ id, agents, flow })`)
}

async function run<T>(file: string, work: () => Promise<T>): Promise<T> {
	try {
		return await work()
	} catch (thrown) {
		throw failed(`${placeOf(file, thrown)}: ${messageOf(thrown)}`, thrown)
	}
}

function failed(message: string, cause?: unknown): MseError {
	const hint = cause instanceof MseError ? cause.hint : undefined
	return new MseError('invalid', message, { code: 'script_failed', cause, ...(hint !== undefined && { hint }) })
}

/** A message of the compiler has its position, an error the first line of its stack that is in the file. */
function placeOf(file: string, thrown: unknown): string {
	const [first] = thrown instanceof AggregateError ? thrown.errors : [thrown]
	const position: unknown = isJsonObject(first) || first instanceof Error ? Reflect.get(first, 'position') : null
	if (isJsonObject(position)) return `${relative('.', String(position.file)) || file}:${position.line}`
	const stack = thrown instanceof Error ? (thrown.stack ?? '') : ''
	const line = stack.split('\n').find((frame) => frame.includes(resolve(file)))
	const number = /:(\d+):\d+\)?$/.exec(line?.trim() ?? '')?.[1]
	return number === undefined ? file : `${file}:${number}`
}
