import type { Run } from '../../../core/run/record.ts'
import type { StepOutput } from '../../../core/run/step-output.ts'
import { contentUrl } from '../../../core/run/step-pointer.ts'
import type { StepOutputEntry } from '../../../protocol/step-output.ts'

/** Bytes of an output that its entry shows. */
const PREVIEW_BYTES = 512

export function toStepOutput(run: Pick<Run, 'id' | 'taskId'>, output: StepOutput, path?: string): StepOutputEntry {
	const truncated = output.bytes.byteLength > PREVIEW_BYTES
	const query = path === undefined ? '' : `?path=${encodeURIComponent(path)}`
	return {
		name: output.name,
		size_bytes: output.bytes.byteLength,
		content_type: output.contentType,
		sha256: output.sha256,
		source: output.source,
		...(output.filePath !== null && { file_path: output.filePath }),
		content_url: contentUrl(run, output.name) + query,
		preview: truncated ? `${wholeCharacters(output.bytes)}…` : new TextDecoder().decode(output.bytes),
		truncated,
	}
}

/** The whole content, or 304 where the caller has it already. */
export function toContent({ bytes, sha256, contentType }: StepOutput, headers: Headers): Response {
	const etag = `"sha256:${sha256}"`
	const known = headers.get('if-none-match')?.split(',') ?? []
	if (known.some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, ''))))
		return new Response(null, { status: 304, headers: { etag } })
	const type = contentType === 'text/markdown' ? 'text/markdown; charset=utf-8' : contentType
	return new Response(bytes, { headers: { etag, 'content-type': type } })
}

/** What fits, without the beginning of a character whose end does not. */
function wholeCharacters(bytes: Uint8Array): string {
	return new TextDecoder().decode(bytes.subarray(0, PREVIEW_BYTES), { stream: true })
}
