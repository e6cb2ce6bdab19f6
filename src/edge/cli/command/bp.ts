import { loadConfig } from '../../../config.ts'
import { diffVerb } from '../blueprint/diff.ts'
import { doctorVerb } from '../blueprint/doctor.ts'
import { explainVerb } from '../blueprint/explain.ts'
import { graphVerb } from '../blueprint/graph.ts'
import { guideVerb } from '../blueprint/guide.ts'
import { logVerb, lsVerb, restoreVerb, showVerb } from '../blueprint/history.ts'
import { buildVerb, lintVerb } from '../blueprint/lint.ts'
import { newVerb, templatesVerb } from '../blueprint/new.ts'
import { pushVerb } from '../blueprint/push.ts'
import type { BlueprintTools } from '../blueprint/subject.ts'
import type { Command, Invocation } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { readTextFile } from '../text-file.ts'
import type { ReadBlueprint } from './run.ts'

/** `bp` around whatever reads Blueprint files: everything about Blueprints that is not running them. */
export function blueprintCommand(readBlueprint: ReadBlueprint): Command {
	const tools: BlueprintTools = { read: (file, invocation) => readBlueprint(file, configOf(invocation)) }
	return {
		name: 'bp',
		summary: 'Write, check, store, compare and explain Blueprints',
		usage: 'VERB',
		positionals: 0,
		flags: [],
		verbs: [
			...[newVerb, guideVerb, templatesVerb, lintVerb(tools), buildVerb(tools), graphVerb(tools), explainVerb(tools), doctorVerb(tools)],
			...[pushVerb(tools), lsVerb, logVerb, showVerb(tools), diffVerb(tools), restoreVerb],
		],
		details: '`mse-server bp VERB --help` explains one of them.',
		run: async () => EXIT.usage,
	}
}

/** The configuration of this user: limits of scripts, and where included files are looked for. */
function configOf({ flags, env }: Invocation) {
	const known = new Map([...flags].filter(([name]) => name === 'config' || name === 'include'))
	return loadConfig({ flags: known, env, readFile: readTextFile })
}
