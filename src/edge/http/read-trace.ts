import type { EventLog } from '../../core/event/log.ts'
import type { TraceEvent, TraceQuery } from '../../protocol/run.ts'
import { toTraceEvent, tracedKinds } from './wire/trace.ts'

const DEFAULT_LIMIT = 1000
const MAX_LIMIT = 10_000
const PAGE = 1000

/** The trace of a run: the first `limit` matching facts after a seq, or the `latest` ones. Empty for an unknown run. */
export async function readTrace(log: EventLog, runId: string, query: TraceQuery): Promise<TraceEvent[]> {
	const prefixes = query.kind?.split(',').filter((prefix) => prefix !== '') ?? []
	const kinds = tracedKinds(prefixes)
	if (kinds.length === 0) return []
	const wanted = Math.min(query.latest ?? query.limit ?? DEFAULT_LIMIT, MAX_LIMIT)
	const found: TraceEvent[] = []
	for (let after = query.after ?? 0; ; ) {
		const page = await log.read(after, { run: runId, kinds }, PAGE)
		for (const event of page) {
			const traced = toTraceEvent(event)
			if (isWanted(traced, query)) found.push(traced)
		}
		if (query.latest !== undefined) found.splice(0, found.length - wanted)
		const last = page.at(-1)
		if (!last || page.length < PAGE || (query.latest === undefined && found.length >= wanted)) return found.slice(0, wanted)
		after = last.seq
	}
}

function isWanted(event: TraceEvent, { step, attempt }: TraceQuery): boolean {
	return (step === undefined || event.step_ref === step) && (attempt === undefined || event.attempt === attempt)
}
