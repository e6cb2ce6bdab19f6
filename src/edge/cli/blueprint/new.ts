import { existsSync, writeFileSync } from 'node:fs'
import { type CodingCli, codingClis } from '../../../core/blueprint/coding-clis.ts'
import { type Starter, starters } from '../../../core/blueprint/starters.ts'
import { MseError } from '../../../kernel/error.ts'
import { nearestName } from '../../../kernel/nearest.ts'
import type { Command, Invocation } from '../command.ts'
import { EXIT, usageError } from '../exit-code.ts'
import { type Flags, isOn, lastOf } from '../flag.ts'
import { painter, printJson, table } from '../print.ts'

const DEFAULT = { agent: 'worker', operator: 'main-ai', cli: 'claude' }
const starterRows = starters.map(({ name, about }) => [`  ${name}`, about])

/** `bp new`: a script to begin with. */
export const newVerb: Command = {
	name: 'bp new',
	summary: 'Write a Blueprint to begin with',
	usage: 'TEMPLATE NAME [-o FILE]',
	positionals: 2,
	flags: [
		{ name: 'out', short: 'o', placeholder: 'FILE', doc: 'where to (default NAME.lua; - prints it)' },
		{ name: 'stages', placeholder: 'A,B', doc: 'pipeline, verdict, fanout: the names of its stages or checkers' },
		{ name: 'agent', placeholder: 'NAME', doc: `single, cli: the name of its agent (default ${DEFAULT.agent})` },
		{ name: 'operator', placeholder: 'SEAT', doc: `the seat that operator agents wait for (default ${DEFAULT.operator})` },
		{ name: 'cli', placeholder: 'NAME', doc: `cli: ${codingClis.map(({ name }) => name).join(', ')} (default ${DEFAULT.cli})` },
		{ name: 'force', placeholder: null, doc: 'replace a file that is there' },
	],
	details: `  mse-server bp new verdict release && mse-server run release.lua --operator 'claude -p'

${table(starterRows)}`,
	async run(invocation) {
		const { flags, positionals } = invocation
		const starter = findNamed(starters, positionals[0], 'template')
		const id = nameOf(positionals[1])
		const text = starter.script({
			id,
			stages: (lastOf(flags, 'stages') ?? '')
				.split(',')
				.map((name) => name.trim())
				.filter(Boolean),
			agent: lastOf(flags, 'agent') ?? DEFAULT.agent,
			operator: lastOf(flags, 'operator') ?? DEFAULT.operator,
			cli: findNamed(codingClis, lastOf(flags, 'cli') ?? DEFAULT.cli, 'CLI template'),
		})
		const out = lastOf(flags, 'out') ?? `${id}.lua`
		if (out === '-') invocation.out(text)
		else writeNew(out, text, flags, invocation, starter)
		return EXIT.done
	},
}

function writeNew(file: string, text: string, flags: Flags, { out }: Invocation, { runWith }: Starter): void {
	if (!isOn(flags, 'force') && existsSync(file))
		throw new MseError('conflict', `${file} is there already.`, { hint: 'Pass --force to replace it.' })
	writeFileSync(file, text)
	out(`wrote ${file}; run it with: ${`mse-server run ${file} ${runWith}`.trim()}\n`)
}

function nameOf(name: string | undefined): string {
	if (name === undefined) throw usageError('How shall the Blueprint be called?', `Usage: mse-server ${newVerb.name} ${newVerb.usage}`)
	if (/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/.test(name)) return name
	throw usageError(`"${name}" cannot be the id of a Blueprint: letters, digits, dots, hyphens and underscores, not a dot first.`)
}

function findNamed<T extends { readonly name: string }>(all: readonly T[], name: string | undefined, what: string): T {
	const names = all.map((one) => one.name)
	if (name === undefined) throw usageError(`Which ${what}? ${names.join(', ')}`)
	const found = all.find((one) => one.name === name)
	if (found === undefined) throw usageError(`There is no ${what} "${name}".${nearestName(name, names)}`, `There are ${names.join(', ')}.`)
	return found
}

/** `bp templates`: what there is to begin with. */
export const templatesVerb: Command = {
	name: 'bp templates',
	summary: 'List what `bp new` writes, and the templates of coding CLIs',
	usage: '[NAME] [--json]',
	positionals: 1,
	flags: [{ name: 'json', placeholder: null, doc: 'print JSON; with NAME, that entry of `subprocesses` alone' }],
	details: `  mse-server bp templates claude          what it does, and what it needs
  mse-server bp templates claude --json   what to put into \`subprocesses\``,
	async run(invocation) {
		const [name] = invocation.positionals
		const json = isOn(invocation.flags, 'json')
		if (name !== undefined) {
			const cli = findNamed(codingClis, name, 'CLI template')
			if (json) printJson(invocation, { name: cli.name, ...cli.template })
			else invocation.out(cliText(cli, invocation))
			return EXIT.done
		}
		if (json) printJson(invocation, { starters: starters.map(({ name, about }) => ({ name, about })), clis: codingClis })
		else invocation.out(listText())
		return EXIT.done
	},
}

function listText(): string {
	const cliRows = codingClis.map(({ name, title, written_for }) => [`  ${name}`, `${title} ${written_for}`])
	return `To begin with (bp new TEMPLATE NAME):\n${table(starterRows)}\n\nCoding CLIs (bp new cli NAME --cli …):\n${table(cliRows)}\n`
}

function cliText({ name, title, written_for, install, about, template }: CodingCli, invocation: Invocation): string {
	const paint = painter(invocation)
	const entry = JSON.stringify({ name, ...template }, null, 2)
	return `${paint('bold', `${title}, written for ${written_for}`)}\n\n${wrapped(about)}\n\n${wrapped(`To have it: ${install}.`)}\n\n${entry}\n`
}

const WIDTH = 100

function wrapped(text: string): string {
	const lines = ['']
	for (const word of text.split(' ')) {
		const line = lines.at(-1) ?? ''
		if (line !== '' && line.length + word.length >= WIDTH) lines.push(word)
		else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
	}
	return lines.join('\n')
}
