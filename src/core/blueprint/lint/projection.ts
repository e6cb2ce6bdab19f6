import type { Blueprint } from '../../../protocol/blueprint.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { errorOf } from '../finding.ts'

/** Where outputs are written as files: the first thing wrong with the folder, then with the root. */
export function lintProjectionPlacement(blueprint: Blueprint): Diagnostic[] {
	const { root, dir_template } = blueprint.projection_placement ?? {}
	const dir = dir_template === undefined ? undefined : dirProblem(dir_template)
	const found = [...(dir === undefined ? [] : [refusal('dir_template', dir)])]
	if (root !== undefined && root !== 'work_dir' && root !== 'project_root')
		found.push(refusal('root', `projection_placement.root must be "work_dir" or "project_root", got ${JSON.stringify(root)}`))
	return found
}

function dirProblem(template: string): string | undefined {
	const subject = 'projection_placement.dir_template must'
	const quoted = JSON.stringify(template)
	if (template.trim() === '') return `${subject} not be empty`
	if (!template.includes('{task_id}')) return `${subject} contain the '{task_id}' placeholder: ${quoted}`
	if (template.startsWith('/')) return `${subject} be a relative path, got an absolute one: ${quoted}`
	return template.split(/[\\/]/).includes('..') ? `${subject} not contain '..' path segments: ${quoted}` : undefined
}

const refusal = (key: string, problem: string): Diagnostic =>
	errorOf({
		code: 'invalid-projection-placement',
		path: `$.projection_placement.${key}`,
		message: `invalid projection_placement: ${problem}`,
	})
