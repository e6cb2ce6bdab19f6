import { Value } from '@sinclair/typebox/value'
import { isJsonObject } from '../../kernel/json.ts'
import type { Usage, WorkerStats } from '../../protocol/output.ts'
import { type WorkerStatsReq, WorkerStatsReqSchema } from '../../protocol/worker.ts'

export const ADAPTER_DATA_BYTES = 8 * 1024

/**
 * Stats as they are kept: empty parts left out, the total derived from its parts unless a larger one was reported. A
 * usage that is there but empty says that nothing was used.
 */
export function normaliseStats(stats: WorkerStatsReq): WorkerStats {
	const { worker_kind, model, usage, num_turns, cost_usd, retry_after_ms, adapter_data } = stats
	return {
		...(worker_kind != null && { worker_kind }),
		...(model != null && { model }),
		...(usage != null && { usage: withTotal(usage) }),
		...(num_turns != null && { num_turns }),
		...(cost_usd != null && { cost_usd }),
		...(retry_after_ms != null && { retry_after_ms }),
		...(adapter_data != null && { adapter_data }),
	}
}

/** Stats that came along with something else: a wrong or empty shape is `undefined`, never an error (mlua-swarm 0.18.0). */
export function readStats(value: unknown): WorkerStats | undefined {
	if (!isJsonObject(value) || !Value.Check(WorkerStatsReqSchema, value)) return undefined
	const { adapter_data, ...rest } = normaliseStats(value)
	const stats = adapter_data !== undefined && !isTooLarge(adapter_data) ? { ...rest, adapter_data } : rest
	return Object.keys(stats).length > 0 ? stats : undefined
}

export function isTooLarge(adapterData: unknown): boolean {
	return Buffer.byteLength(JSON.stringify(adapterData) ?? '') > ADAPTER_DATA_BYTES
}

/** The total of the parts, unless a larger one was reported. */
export function withTotal(usage: Usage): Usage {
	const sum = (usage.input_tokens ?? 0) + (usage.output_tokens ?? 0)
	return { ...usage, total_tokens: Math.max(usage.total_tokens ?? 0, sum) }
}
