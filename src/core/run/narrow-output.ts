import { MseError } from '../../kernel/error.ts'
import { sha256Hex } from '../../kernel/hash.ts'
import { isJsonObject, type Json } from '../../kernel/json.ts'
import { parsePath } from '../blueprint/path.ts'
import { type StepOutput, shownJson } from './step-output.ts'

/** The part of an output at a path of its value, as JSON. Throws `malformed` for no path, `not_found` where nothing is. */
export function narrowOutput(output: StepOutput, path: string): StepOutput {
	const parsed = parsePath(path)
	if ('reason' in parsed) throw new MseError('malformed', `path ${JSON.stringify(path)}: ${parsed.reason}`, { code: 'bad_path' })
	const value = parsed.path.keys.reduce<Json | undefined>(memberOf, output.value)
	if (value === undefined)
		throw new MseError('not_found', `The output of step ${output.name} has nothing at ${parsed.path.text}.`, { code: 'nothing_at_path' })
	const bytes = shownJson(value)
	return { ...output, value, bytes, sha256: sha256Hex(bytes), contentType: 'application/json' }
}

function memberOf(value: Json | undefined, key: string): Json | undefined {
	return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
}
