import type { TranscriptLine } from './worker.ts'

/** A body that a turn comes with. */
export interface Attachment {
	readonly id: string
	readonly name: string
	readonly text: string
}

/** Bodies that turns can name in their `attachments`: those kept here, and whatever else is on the data plane. */
export interface Attachments {
	/** Resolves once it is on disk. Throws `invalid_request` for a blank name, `too_large` above `limits.output_bytes`. */
	keep(name: string, body: Uint8Array): Promise<Attachment>
	has(id: string): Promise<boolean>
	/** Null for one that is not there, or not any more. */
	read(id: string): Promise<Attachment | null>
}

/** What was said, with its attachments written out after it: for those who read nothing but text. */
export async function withAttachments(
	{ content, attachments = [] }: Pick<TranscriptLine, 'content' | 'attachments'>,
	read: Attachments['read'],
): Promise<string> {
	const parts = await Promise.all(attachments.map(async (id) => writtenOut(id, await read(id))))
	return [content, ...parts].join('\n\n')
}

function writtenOut(id: string, found: Attachment | null): string {
	if (found === null) return `[The attachment ${id} is no longer kept.]`
	return `<attachment name=${JSON.stringify(found.name)}>\n${found.text}\n</attachment>`
}
