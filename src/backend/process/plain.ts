import type { Completion } from '../../core/dispatch/backend.ts'
import { type Json, parseJson } from '../../kernel/json.ts'
import type { Exit } from './child.ts'
import type { OutputReader } from './output.ts'
import { processStats } from './stats.ts'

/**
 * The whole of stdout is the result: the value of its JSON, else `{raw, stderr}`. The step passes when the child exits with 0
 * and is blocked otherwise (mlua-swarm 0.1.0).
 */
export function plainOutput(): OutputReader {
	const chunks: Uint8Array[] = []
	return {
		take: (chunk) => void chunks.push(chunk),
		end: async (exit): Promise<Completion> => ({
			final: { value: resultOf(new TextDecoder().decode(Buffer.concat(chunks)), exit), ok: exit.code === 0 },
			stats: processStats(exit),
		}),
	}
}

function resultOf(stdout: string, { stderr }: Exit): Json {
	const json = parseJson(stdout.trim())
	return json === undefined ? { raw: stdout.trimEnd(), stderr } : json
}
