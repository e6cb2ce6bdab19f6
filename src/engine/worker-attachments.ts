import { requireBytes } from '../core/output/limit.ts'
import type { OutputStore } from '../core/output/store.ts'
import { toText } from '../core/output/text.ts'
import type { Attachment, Attachments } from '../core/worker/attachment.ts'
import { invalidRequest } from '../core/worker/failure.ts'
import { asOutputId, asStepId } from '../kernel/id.ts'
import type { OutputEvent } from '../protocol/output.ts'

/** Stands where the step would be: no attempt put these down. */
const RUNTIME = asStepId('runtime')

/** Attachments of turns on the data plane. */
export function newAttachments(outputs: Pick<OutputStore, 'append' | 'get'>, limits: { readonly outputBytes: number }): Attachments {
	const find = async (id: string) => {
		const record = await outputs.get(asOutputId(id))
		return record?.plane === 'data' ? record : null
	}
	return {
		async keep(name, body) {
			if (name.trim() === '') throw invalidRequest('attachment name must not be empty')
			requireBytes(limits, body.byteLength)
			const text = toText(body)
			const event = { type: 'artifact', name, content: { kind: 'inline', value: text } } as const
			const origin = { plane: 'data', runId: null, stepId: RUNTIME, attempt: 0, producer: name, parentRefs: [] } as const
			const { id } = await outputs.append({ ...origin, event })
			return { id, name, text }
		},
		has: async (id) => (await find(id)) !== null,
		async read(id): Promise<Attachment | null> {
			const record = await find(id)
			return record && { id, name: record.producer, text: textOf(record.event) }
		},
	}
}

/** A body that is no text is written as JSON. */
function textOf(event: OutputEvent): string {
	if (event.type === 'partial') return event.chunk
	if (event.type === 'progress') return event.note ?? ''
	const { content } = event
	if (content.kind === 'file_ref') return content.path
	return typeof content.value === 'string' ? content.value : JSON.stringify(content.value)
}
