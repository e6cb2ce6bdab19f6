import { writeFileSync } from 'node:fs'
import { pathId } from '../../client/client.ts'
import type { Command, Invocation } from '../command.ts'
import { connect } from '../connection.ts'
import { EXIT, usageError } from '../exit-code.ts'
import { isOn, lastOf } from '../flag.ts'
import { painter, printJson } from '../print.ts'
import { countText, findingText, fromWire, isBad, type LocatedFinding, lintSubject } from './finding.ts'
import { isFileName } from './source.ts'
import { type BlueprintTools, fileFlags, readSubject, SUBJECT_HELP, subjectFlags } from './subject.ts'

const MOST_FILES = 200

/** `bp lint`: every finding about Blueprints, offline for files. */
export const lintVerb = (tools: BlueprintTools): Command => ({
	name: 'bp lint',
	summary: 'Find what is wrong with Blueprints',
	usage: 'BLUEPRINT... [--json] [--strict]',
	positionals: MOST_FILES,
	flags: [
		{ name: 'json', placeholder: null, doc: 'print [{name, ok, findings: [{level, code, path, line, message, hint}]}]' },
		{ name: 'strict', placeholder: null, doc: 'warnings count as errors' },
		...subjectFlags,
	],
	details: `${SUBJECT_HELP}
Files need no server. For an ID the server answers, which knows what it has.

Exit code: 0 nothing wrong, 1 an error, 2 wrong usage, 3 no server.`,
	async run(invocation) {
		if (invocation.positionals.length === 0) throw usageError('Which Blueprint? Name files or ids.')
		const strict = isOn(invocation.flags, 'strict')
		const reports: Report[] = []
		for (const name of invocation.positionals) reports.push(await lintOne(tools, invocation, name, strict))
		if (isOn(invocation.flags, 'json')) printJson(invocation, reports)
		else for (const report of reports) invocation.out(reportText(report, invocation))
		return reports.every(({ ok }) => ok) ? EXIT.done : EXIT.refused
	},
})

interface Report {
	readonly name: string
	readonly ok: boolean
	readonly findings: readonly LocatedFinding[]
}

async function lintOne(tools: BlueprintTools, invocation: Invocation, name: string, strict: boolean): Promise<Report> {
	const findings = await findingsOf(tools, invocation, name)
	return { name, ok: !isBad(findings, strict), findings }
}

async function findingsOf(tools: BlueprintTools, invocation: Invocation, name: string): Promise<readonly LocatedFinding[]> {
	if (isFileName(name) || name.includes('@')) return lintSubject(await readSubject(tools, invocation, name)).findings
	const client = connect(invocation)
	const { diagnostics } = await client.answer(client.v1.blueprints(pathId(name)).diagnostics.get())
	return diagnostics.map(fromWire)
}

function reportText({ name, findings }: Report, invocation: Invocation): string {
	const paint = painter(invocation)
	const isGood = !isBad(findings, false)
	const lines = findings.map((finding) => findingText(name, finding, paint))
	return `${[...lines, `${paint(isGood ? 'green' : 'red', isGood ? 'ok' : 'bad')} ${name}: ${countText(findings)}`].join('\n')}\n`
}

/** `bp build`: a script or a document with references, as one plain document. */
export const buildVerb = (tools: BlueprintTools): Command => ({
	name: 'bp build',
	summary: 'Make one JSON document of a script or a file with references',
	usage: 'FILE [-o FILE]',
	positionals: 1,
	flags: [
		{ name: 'out', short: 'o', placeholder: 'FILE', doc: 'write it there instead of printing it' },
		{ name: 'strict', placeholder: null, doc: 'warnings count as errors' },
		...fileFlags,
	],
	details: `  mse-server bp build release.lua -o release.json

FILE is
  .json .yaml   a document; $file and $agent_md in it become the text, the agent of that file
  .lua          a script that returns one; flow_dsl and bp_dsl are there to require
  .ts .js       a module that exports one by default; it imports the builder from mse-server/blueprint
Findings go to stderr. With an error among them nothing is written, exit code 1.`,
	async run(invocation) {
		const subject = await readSubject(tools, invocation, invocation.positionals[0])
		const { findings } = lintSubject(subject)
		const paint = painter({ colour: invocation.errColour })
		for (const finding of findings) invocation.err(`${findingText(subject.name, finding, paint)}\n`)
		if (isBad(findings, isOn(invocation.flags, 'strict'))) return EXIT.refused
		const out = lastOf(invocation.flags, 'out')
		if (out === undefined) printJson(invocation, subject.document)
		else writeFileSync(out, `${JSON.stringify(subject.document, null, 2)}\n`)
		return EXIT.done
	},
})
