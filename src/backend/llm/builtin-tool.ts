import { jsonSchema, type ToolSet, tool } from 'ai'
import type { Attempt } from '../../core/dispatch/backend.ts'
import type { Json } from '../../kernel/json.ts'

/** Set once the model says that it cannot do the work. */
export interface Report {
	reason: string | undefined
}

interface Limits {
	readonly parts: number
	readonly outputBytes: number
}

/** What every agent may do besides answering: stage named parts of its output, and give up. */
export function builtinTools(attempt: Pick<Attempt, 'emit'>, report: Report, limits: Limits): ToolSet {
	return { stage_part: stagePart(attempt, limits), report_failure: reportFailure(report) }
}

function stagePart(attempt: Pick<Attempt, 'emit'>, limits: Limits) {
	const staged = new Set<string>()
	return tool({
		description: 'Puts a named part beside your answer, such as a file or a verdict. The same name again replaces it. The work goes on.',
		inputSchema: jsonSchema<{ name: string; content: Json }>({
			type: 'object',
			properties: { name: { type: 'string', minLength: 1 }, content: { description: 'Text, or any JSON value.' } },
			required: ['name', 'content'],
			additionalProperties: false,
		}),
		async execute({ name, content }) {
			if (typeof name !== 'string' || name.trim() === '') throw new Error('a part needs a name')
			if (content === undefined) throw new Error(`the part '${name}' has no content`)
			const bytes = Buffer.byteLength(JSON.stringify(content))
			if (bytes > limits.outputBytes) throw new Error(`the part has ${bytes} bytes; at most ${limits.outputBytes} are kept`)
			if (!staged.has(name) && staged.size >= limits.parts)
				throw new Error(`there are ${limits.parts} parts already, the most there may be`)
			staged.add(name)
			await attempt.emit({ type: 'artifact', name, content: { kind: 'inline', value: content } })
			return `The part '${name}' is staged.`
		},
	})
}

function reportFailure(report: Report) {
	return tool({
		description: 'Ends the work as failed. Use it when the task cannot be done, and say why.',
		inputSchema: jsonSchema<{ reason: string }>({
			type: 'object',
			properties: { reason: { type: 'string' } },
			required: ['reason'],
			additionalProperties: false,
		}),
		execute({ reason }) {
			report.reason = String(reason)
			return 'The failure is reported.'
		},
	})
}
