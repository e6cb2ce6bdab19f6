import { mermaidGraph } from '../../../core/blueprint/graph.ts'
import type { Blueprint } from '../../../protocol/blueprint.ts'
import type { Command, Invocation } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { painter } from '../print.ts'
import { findingText, lintSubject } from './finding.ts'
import { type BlueprintTools, readSubject, SUBJECT_HELP, type Subject, subjectFlags } from './subject.ts'

/** `bp graph`: the flow as a picture in text. */
export const graphVerb = (tools: BlueprintTools): Command => ({
	name: 'bp graph',
	summary: 'Draw the flow of a Blueprint as a Mermaid flowchart',
	usage: 'BLUEPRINT',
	positionals: 1,
	flags: subjectFlags,
	details: `  mse-server bp graph release.lua > release.mmd

${SUBJECT_HELP}`,
	async run(invocation) {
		const blueprint = readable(await readSubject(tools, invocation, invocation.positionals[0]), invocation)
		if (blueprint === null) return EXIT.refused
		invocation.out(`${mermaidGraph(blueprint)}\n`)
		return EXIT.done
	},
})

/** The Blueprint, or null with what stands against reading it on stderr. */
export function readable(subject: Subject, invocation: Invocation): Blueprint | null {
	const { blueprint, findings } = lintSubject(subject)
	const paint = painter({ colour: invocation.errColour })
	if (blueprint === null) for (const finding of findings) invocation.err(`${findingText(subject.name, finding, paint)}\n`)
	return blueprint
}
