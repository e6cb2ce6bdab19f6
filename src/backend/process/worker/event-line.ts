import { Value } from '@sinclair/typebox/value'
import { parseJson } from '../../../kernel/json.ts'
import type { Logger } from '../../../kernel/log.ts'
import { type ProtocolEvent, ProtocolEventSchema } from '../../../protocol/runtime-frame.ts'

/** A line a worker wrote, as an event. Any other line is text of the worker, or only a line for the log (null). */
export function toEvent(line: string, strays: 'text' | 'log', log: Logger): ProtocolEvent | null {
	const value: unknown = parseJson(line)
	if (Value.Check(ProtocolEventSchema, value)) return value
	if (strays === 'text') return { event: 'text_delta', data: { text: `${line}\n` } }
	log.debug('a worker wrote a line that is no event', { line: line.slice(0, 200) })
	return null
}

/** An error as a worker reports it. */
export const errorEvent = (message: string): ProtocolEvent => ({ event: 'error', data: { code: 'internal', message } })
