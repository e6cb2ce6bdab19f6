import { OptionalKind, type TSchema } from '@sinclair/typebox'
import { toolGroups } from './table.ts'
import type { Tool } from './tool.ts'

/** Every tool in Markdown, made of the table that clients get. */
export function toolPage(): string {
	const groups = Object.entries<readonly Tool[]>(toolGroups).map(([title, tools]) => `## ${title}\n\n${tools.map(toText).join('\n\n')}`)
	return `# Tools\n\nEach result is one text with JSON. Arguments in brackets may be left out.\n\n${groups.join('\n\n')}\n`
}

function toText({ name, description, input }: Tool): string {
	const rows = Object.entries<TSchema>(input.properties).map(([key, schema]) => {
		const shown = OptionalKind in schema ? `[${key}]` : key
		return `- \`${shown}\`${schema.description === undefined ? '' : ` ${schema.description}`}`
	})
	return [`### ${name}\n\n${description}`, ...(rows.length > 0 ? [rows.join('\n')] : [])].join('\n\n')
}
