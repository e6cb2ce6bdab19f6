import type { Command } from './command.ts'
import { table } from './print.ts'

/** The list of commands. */
export function overview(commands: readonly Command[]): string {
	const rows = commands.map(({ name, summary }) => [`  ${name}`, summary])
	return `mse-server runs multi-agent task flows durably.

Usage: mse-server COMMAND [flags]

${table(rows)}

\`mse-server help COMMAND\` explains one of them.
`
}

export function commandHelp(command: Command): string {
	const shown = command.flags.filter(({ hidden }) => !hidden)
	const rows = shown.map(({ name, placeholder, doc }) => [`  --${name}${placeholder === null ? '' : ` ${placeholder}`}`, doc])
	const verbs = command.verbs?.map(({ name, usage, summary }) => [`  ${name.split(' ').at(-1)} ${usage}`, summary])
	const parts = [
		`${command.summary}.`,
		`Usage: mse-server ${`${command.name} ${command.usage}`.trim()}`,
		...(verbs === undefined ? [] : [table(verbs)]),
		...(command.details === undefined ? [] : [command.details.trim()]),
		...(rows.length === 0 ? [] : [`Flags:\n${table(rows)}`]),
	]
	return `${parts.join('\n\n')}\n`
}
