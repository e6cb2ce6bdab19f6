import { rmSync } from 'node:fs'
import { subprocessTemplateProblems } from '../../core/blueprint/lint/subprocess-template.ts'
import { resolveRunner } from '../../core/blueprint/runner.ts'
import type { Attempt } from '../../core/dispatch/backend.ts'
import { MseError } from '../../kernel/error.ts'
import { asText } from '../../kernel/json.ts'
import type { AgentDef, Blueprint, SubprocessDef } from '../../protocol/blueprint.ts'
import { writeSystemFile } from './system-file.ts'

/** A child as an entry of `subprocesses` describes it, for one agent. */
export interface ProcessTemplate extends SubprocessDef {
	/** Text of the agent's system prompt, not rendered yet. */
	readonly systemSource: string
	readonly model: string | undefined
	readonly tools: readonly string[]
}

/** What a template says once its placeholders are filled for one attempt. Disposing removes the file it may have written. */
export interface FilledTemplate extends Disposable {
	readonly argv: readonly string[]
	/** Undefined: the child has no standard input. */
	readonly stdin: string | undefined
	readonly env: { readonly [name: string]: string }
	readonly cwd: string | undefined
}

/** The template an agent runs from; null when it does not. Throws `invalid` (code `invalid_agent_spec`) for one that cannot be used. */
export function processTemplate(agent: AgentDef, blueprint: Blueprint): ProcessTemplate | null {
	const { runner } = resolveRunner(blueprint, agent)
	if (runner?.backend !== 'subprocess') return null
	const problems = subprocessTemplateProblems(blueprint, runner)
	const template = blueprint.subprocesses.find(({ name }) => name === runner.template)
	if (!template || problems.length > 0) throw new MseError('invalid', problems.join('; '), { code: 'invalid_agent_spec' })
	const { model, tools, cwd = template.cwd } = runner.overrides
	return {
		...template,
		...(cwd !== undefined && { cwd }),
		systemSource: agent.profile?.system_prompt ?? '',
		model: model ?? agent.profile?.model ?? undefined,
		tools: tools.length > 0 ? tools : (agent.profile?.tools ?? []),
	}
}

/** What one attempt brings to its template. */
export interface Filling {
	readonly attempt: Attempt
	/** The rendered system prompt; null for an agent without one. */
	readonly system: string | null
	/** Where `{system_file}` goes; undefined: the folder for temporary files. */
	readonly systemFolder?: string | undefined
}

/**
 * Fills each placeholder once; what is filled in is never looked at again, and other braces are text (mlua-swarm 0.26.0). Throws
 * `placeholder {x}: <cause>` where a value that is asked for is missing.
 */
export function fillTemplate(template: ProcessTemplate, filling: Filling): FilledTemplate {
	const written: string[] = []
	const values = valuesOf(template, filling, written)
	const filled = new Map<string, string>()
	const valueFor = (token: string): string => {
		const known = filled.get(token) ?? values[token]?.() ?? token
		filled.set(token, known)
		return known
	}
	const fill = (text: string): string => text.replace(/\{[a-z_]+\}/g, valueFor)
	const discard = (): void => {
		for (const path of written) rmSync(path, { force: true })
	}
	try {
		return {
			argv: template.argv.map(fill),
			stdin: template.stdin === undefined ? undefined : fill(template.stdin),
			env: Object.fromEntries(Object.entries(template.env).map(([name, text]) => [name, fill(text)])),
			cwd: template.cwd === undefined ? undefined : fill(template.cwd),
			[Symbol.dispose]: discard,
		}
	} catch (error) {
		discard()
		throw error
	}
}

type Values = { readonly [token: string]: (() => string) | undefined }

function valuesOf({ model, tools }: ProcessTemplate, { attempt, system, systemFolder }: Filling, written: string[]): Values {
	const { prompt, context, stepId, n } = attempt
	const folder = context.work_dir ?? context.project_root
	return {
		'{system}': () => system ?? '',
		'{system_file}': () => {
			const path = writeSystemFile(systemFolder, attempt, system ?? missing('system_file', 'the agent has no system prompt'))
			written.push(path)
			return path
		},
		'{prompt}': () => asText(prompt),
		'{model}': () => model ?? missing('model', 'neither the profile of the agent nor its runner names a model'),
		'{tools_csv}': () => tools.join(','),
		'{work_dir}': () => folder ?? missing('work_dir', 'the task has neither a work_dir nor a project_root'),
		'{task_id}': () => stepId,
		'{attempt}': () => String(n),
	}
}

function missing(name: string, cause: string): never {
	throw new Error(`placeholder {${name}}: ${cause}`)
}
