import { TypeCompiler } from '@sinclair/typebox/compiler'
import type { Attempt, Completion } from '../../core/dispatch/backend.ts'
import { contentValue } from '../../core/output/fold.ts'
import { parseJson } from '../../kernel/json.ts'
import { type OutputEvent, OutputEventSchema } from '../../protocol/output.ts'
import type { Exit } from './child.ts'
import { type Framing, newDecoder } from './framing.ts'
import type { OutputReader } from './output.ts'
import { processStats } from './stats.ts'

const outputEvent = TypeCompiler.Compile(OutputEventSchema)
type Final = Extract<OutputEvent, { type: 'final' }>

/**
 * Events while the child works, each emitted as soon as it is read; artifacts go to other workers and are no part of the
 * step's value (mlua-swarm 0.26.0), but for the one named `staged`, which the agent declares as a part. The last `final` is the result, and passes only if the child
 * also exits with 0. Without one the step is blocked. Items that are no event are counted in the stats as `skipped_lines`.
 */
export function streamedOutput(framing: Framing, attempt: Pick<Attempt, 'emit' | 'put'>, staged: string | null): OutputReader {
	const decoder = newDecoder(framing)
	let final: Final | undefined
	let skipped = 0

	const accept = async (text: string): Promise<void> => {
		const event: unknown = parseJson(text)
		if (!outputEvent.Check(event)) skipped++
		else if (event.type === 'final') final = event
		else if (event.type === 'artifact' && event.name !== staged) await attempt.put(event.name, event)
		else await attempt.emit(event)
	}
	// Emitted in order and together, then awaited: the child is read no faster than its events reach the disk.
	const acceptAll = async (texts: readonly string[]): Promise<void> => void (await Promise.all(texts.map(accept)))

	return {
		take: (chunk) => acceptAll(decoder.push(chunk)),
		async end(exit) {
			await acceptAll(decoder.end())
			return { final: resultOf(final, exit), stats: processStats(exit, { skipped_lines: skipped + decoder.broken() }) }
		},
	}
}

function resultOf(final: Final | undefined, exit: Exit): Completion['final'] & {} {
	const succeeded = exit.code === 0
	if (final) return { value: contentValue(final.content), ok: final.ok && succeeded }
	return { value: { raw: '', note: 'streaming mode: no Final event received', exit_success: succeeded }, ok: false }
}
