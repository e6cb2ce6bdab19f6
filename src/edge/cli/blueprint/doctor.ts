import type { BlueprintDoctor } from '../../../protocol/blueprint-doctor.ts'
import { pathId } from '../../client/client.ts'
import type { Command, Invocation } from '../command.ts'
import { connect } from '../connection.ts'
import { EXIT } from '../exit-code.ts'
import { isOn } from '../flag.ts'
import { painter, printJson, type Style, table } from '../print.ts'
import { findingText, fromWire } from './finding.ts'
import { isFileName } from './source.ts'
import { type BlueprintTools, readSubject, SUBJECT_HELP, subjectFlags } from './subject.ts'

/** `bp doctor`: whether the server can run a Blueprint. */
export const doctorVerb = (tools: BlueprintTools): Command => ({
	name: 'bp doctor',
	summary: 'Ask the server whether it can run a Blueprint, agent by agent',
	usage: 'BLUEPRINT [--json]',
	positionals: 1,
	flags: [{ name: 'json', placeholder: null, doc: 'print {id, version, ready, checks, diagnostics}' }, ...subjectFlags],
	details: `Kinds, programs, keys of models, functions, workers, and who holds the seats. Nothing is stored or run.

${SUBJECT_HELP} Exit code 1 when something is missing.`,
	async run(invocation) {
		const report = await ask(tools, invocation)
		if (isOn(invocation.flags, 'json')) printJson(invocation, report)
		else invocation.out(reportText(report, invocation))
		return report.ready ? EXIT.done : EXIT.refused
	},
})

async function ask(tools: BlueprintTools, invocation: Invocation): Promise<BlueprintDoctor> {
	const [name] = invocation.positionals
	const client = connect(invocation)
	if (name && !isFileName(name) && !name.includes('@')) return client.answer(client.v1.blueprints(pathId(name)).doctor.get())
	const { document } = await readSubject(tools, invocation, name)
	return client.answer(client.v1['blueprint-doctor'].post(document))
}

const STYLES: { readonly [status in BlueprintDoctor['checks'][number]['status']]: Style } = {
	ok: 'green',
	missing: 'yellow',
	broken: 'red',
}

function reportText({ id, ready, checks, diagnostics }: BlueprintDoctor, invocation: Invocation): string {
	const paint = painter(invocation)
	const findings = diagnostics.map((diagnostic) => findingText(id, fromWire(diagnostic), paint))
	const rows = checks.flatMap(({ name, status, detail, hint }) => [
		[paint(STYLES[status], status), name, detail],
		...(hint === undefined ? [] : [['', '', hint]]),
	])
	const verdict = ready ? paint('green', `${id} can run here`) : paint('red', `${id} cannot run here yet`)
	return `${[...findings, ...(rows.length === 0 ? [] : [table(rows)]), verdict].join('\n')}\n`
}
