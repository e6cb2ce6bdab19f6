import { isJsonObject, type Json } from '../../kernel/json.ts'
import type { RunState } from '../../protocol/runtime.ts'
import type { ProtocolEvent } from '../../protocol/runtime-frame.ts'
import type { TranscriptLine } from './worker.ts'

/** The transcript line that an event of a worker leaves, or null. Blank text leaves none. */
export function transcriptLineOf({ event, data }: ProtocolEvent): Pick<TranscriptLine, 'role' | 'content'> | null {
	const at = members(data)
	if (event === 'text_done') return line('assistant', text(at.text), text(at.text))
	if (event === 'error') return line('system', `error: ${text(at.message)}`, text(at.message))
	if (event !== 'tool_result') return null
	const summary = text(at.summary)
	return line('system', `tool result ${text(at.id)}: ${at.is_error === true ? 'error: ' : ''}${summary}`, summary)
}

/** The run state that an event of a worker brings about, or null. */
export function runStateOf({ event, data }: ProtocolEvent): RunState | null {
	const { status, result } = members(data)
	if (event === 'status' || event === 'snapshot') {
		if (status === 'running' || status === 'paused') return 'busy'
		return status === 'idle' || (event === 'snapshot' && status === undefined) ? 'idle' : null
	}
	if (event === 'error') return 'errored'
	if (event !== 'run_end') return null
	if (result === 'paused') return 'busy'
	return result === 'limit_reached' ? 'errored' : 'idle'
}

const line = (role: 'assistant' | 'system', content: string, said: string) => (said.trim() === '' ? null : { role, content })
const members = (data: unknown): { readonly [key: string]: Json } => (isJsonObject(data) ? data : {})
const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
