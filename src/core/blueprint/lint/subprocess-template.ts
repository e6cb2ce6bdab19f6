import type { Blueprint, Runner } from '../../../protocol/blueprint.ts'

export const STREAM_MODES: ReadonlySet<string> = new Set(['ndjson_lines', 'sse_events', 'length_prefixed'])

/** What a template may contain in braces; any other `{word}` of small letters is refused, other braces are plain text. */
export const PLACEHOLDERS: readonly string[] = [
	'{system}',
	'{system_file}',
	'{prompt}',
	'{model}',
	'{tools_csv}',
	'{work_dir}',
	'{task_id}',
	'{attempt}',
]

type Template = Blueprint['subprocesses'][number]

/** Why the template of a runner cannot be used, in the words of mlua-swarm 0.26.0. */
export function subprocessTemplateProblems(blueprint: Blueprint, runner: Extract<Runner, { backend: 'subprocess' }>): string[] {
	const template = blueprint.subprocesses.find(({ name }) => name === runner.template)
	if (!template) {
		const defined = blueprint.subprocesses.map(({ name }) => name).sort()
		return [`Runner::Subprocess template '${runner.template}' not found in Blueprint.subprocesses (defined: [${defined.join(', ')}])`]
	}
	const problems = template.argv.length === 0 ? [`SubprocessDef '${template.name}': argv must not be empty`] : []
	const texts = textsOf(template)
	if (runner.overrides.cwd !== undefined) texts.push(['overrides.cwd', runner.overrides.cwd])
	problems.push(...texts.flatMap(([where, text]) => placeholderProblems(where, text)))
	if (template.stream_mode !== undefined && !STREAM_MODES.has(template.stream_mode))
		problems.push(`unknown stream_mode: ${template.stream_mode}`)
	return [...problems, ...outputProblems(template)]
}

function textsOf(template: Template): [where: string, text: string][] {
	const texts: [string, string][] = template.argv.map((text, index) => [`argv[${index}]`, text])
	if (template.stdin !== undefined) texts.push(['stdin', template.stdin])
	for (const [key, text] of Object.entries(template.env)) texts.push([`env['${key}']`, text])
	if (template.cwd !== undefined) texts.push(['cwd', template.cwd])
	return texts
}

function placeholderProblems(where: string, text: string): string[] {
	const unknown = [...text.matchAll(/\{[a-z_]+\}/g)].map(([token]) => token).filter((token) => !PLACEHOLDERS.includes(token))
	return unknown.map((token) => `unknown placeholder '${token}' in ${where}; closed set is ${PLACEHOLDERS.join(', ')}`)
}

function outputProblems({ name, output, stream_mode }: Template): string[] {
	if (!output) return []
	const subject = `SubprocessDef '${name}':`
	const problems: string[] = []
	if (stream_mode !== undefined)
		problems.push(`${subject} output normalization is a plain-mode declaration; remove either \`output\` or \`stream_mode\``)
	const { format, result_ptr, ok_from } = output
	if (format !== undefined && format !== 'json' && format !== 'text')
		problems.push(`${subject} unknown output.format '${format}' (supported: "json")`)
	if (result_ptr !== undefined && !isPointer(result_ptr))
		problems.push(`${subject} output.result_ptr '${result_ptr}' is not a JSON Pointer (RFC 6901 — must start with '/')`)
	if (ok_from !== undefined && ok_from !== 'exit_code' && !isPointer(ok_from))
		problems.push(`${subject} output.ok_from '${ok_from}' must be "exit_code" or a JSON Pointer (starting with '/')`)
	return problems
}

const isPointer = (text: string): boolean => text.startsWith('/')
