import type { Completion } from '../../core/dispatch/backend.ts'
import { withTotal } from '../../core/output/worker-stats.ts'
import { messageOf } from '../../kernel/error.ts'
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { SubprocessDef } from '../../protocol/blueprint.ts'
import type { Usage, WorkerStats } from '../../protocol/output.ts'
import type { Exit } from './child.ts'
import type { OutputReader } from './output.ts'
import { processStats } from './stats.ts'

type Declared = NonNullable<SubprocessDef['output']>
type Final = NonNullable<Completion['final']>

/** The whole of stdout, read as the template declares it (mlua-swarm 0.26.0). What was declared and is not there blocks the step. */
export function declaredOutput(output: Declared): OutputReader {
	const chunks: Uint8Array[] = []
	return {
		take: (chunk) => void chunks.push(chunk),
		async end(exit): Promise<Completion> {
			const stdout = new TextDecoder().decode(Buffer.concat(chunks))
			const read = parse(stdout)
			if ('error' in read) return { final: withoutJson(output, stdout, read.error, exit), stats: processStats(exit) }
			return { final: resultOf(output, read.json, exit), stats: statsOf(output, read.json, exit) }
		},
	}
}

function parse(stdout: string): { readonly json: Json } | { readonly error: string } {
	try {
		return { json: JSON.parse(stdout.trim()) as Json }
	} catch (error) {
		return { error: messageOf(error) }
	}
}

function withoutJson({ format }: Declared, stdout: string, parse_error: string, { code, stderr }: Exit): Final {
	const value = { raw: stdout.trimEnd(), stderr }
	return format === 'json' ? { value: { ...value, parse_error }, ok: false } : { value, ok: code === 0 }
}

function resultOf({ result_ptr, ok_from = 'exit_code' }: Declared, json: Json, { code, stderr }: Exit): Final {
	const value = result_ptr === undefined ? json : pointed(json, result_ptr)
	if (value === undefined) return { value: { error: `result_ptr '${result_ptr}' not found in stdout JSON`, raw: json, stderr }, ok: false }
	return { value, ok: ok_from === 'exit_code' ? code === 0 : pointed(json, ok_from) === true }
}

function statsOf({ stats = {} }: Declared, json: Json, exit: Exit): WorkerStats {
	const at = (pointer: string | undefined): Json | undefined => (pointer === undefined ? undefined : pointed(json, pointer))
	const [model, turns, reported] = [at(stats.model_ptr), at(stats.num_turns_ptr), at(stats.usage_ptr)]
	const usage = isJsonObject(reported) ? usageOf(reported) : undefined
	return {
		...processStats(exit, reported === undefined ? {} : { usage_raw: reported }),
		...(typeof model === 'string' && { model }),
		...(isCount(turns) && { num_turns: turns }),
		...(usage && { usage }),
	}
}

/** Under either maker's names; what is not reported stays absent. Undefined when nothing is. */
function usageOf(reported: JsonObject): Usage | undefined {
	const { input_tokens, output_tokens, prompt_tokens, completion_tokens, total_tokens } = reported
	const [input, output] = [input_tokens ?? prompt_tokens, output_tokens ?? completion_tokens]
	const usage = {
		...(isCount(input) && { input_tokens: input }),
		...(isCount(output) && { output_tokens: output }),
		...(isCount(total_tokens) && { total_tokens }),
	}
	return Object.keys(usage).length > 0 ? withTotal(usage) : undefined
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

/** What a JSON pointer (RFC 6901) leads to; undefined when nothing is there. */
function pointed(json: Json, pointer: string): Json | undefined {
	const keys = pointer.split('/').slice(1)
	return keys.map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~')).reduce<Json | undefined>(member, json)
}

function member(value: Json | undefined, key: string): Json | undefined {
	if (Array.isArray(value)) return /^(0|[1-9]\d*)$/.test(key) ? value[Number(key)] : undefined
	return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
}
