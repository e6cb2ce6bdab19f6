import { createTwoFilesPatch } from 'diff'
import { documentPatch, type PatchOperation } from '../../../core/blueprint/document-patch.ts'
import { isJsonObject, type Json } from '../../../kernel/json.ts'
import type { Command, Invocation } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { isOn } from '../flag.ts'
import { painter, printJson, type Style } from '../print.ts'
import { type BlueprintTools, readSubject, SUBJECT_HELP, type Subject, subjectFlags } from './subject.ts'

/** `bp diff`: two Blueprints, as changed places and as changed lines. */
export const diffVerb = (tools: BlueprintTools): Command => ({
	name: 'bp diff',
	summary: 'Compare two Blueprints: versions, files, or one of each',
	usage: 'A [B] [--lines|--places|--json]',
	positionals: 3,
	flags: [
		{ name: 'lines', placeholder: null, doc: 'only the changed lines, as a unified diff that `patch` takes' },
		{ name: 'places', placeholder: null, doc: 'only the changed places' },
		{ name: 'json', placeholder: null, doc: 'print the changed places as an RFC 6902 patch' },
		...subjectFlags,
	],
	details: `  mse-server bp diff review            what the last commit changed
  mse-server bp diff review ~3         the head against the one three before
  mse-server bp diff review 1a2b 3c4d  two versions
  mse-server bp diff review review.lua what a push would change

${SUBJECT_HELP} Keys are compared in sorted order. Exit code 0, whether something differs or not.`,
	async run(invocation) {
		const [before, after] = await bothSubjects(tools, invocation)
		const patch = documentPatch(before.document, after.document)
		if (isOn(invocation.flags, 'json')) printJson(invocation, patch)
		else if (patch.length === 0) invocation.err('no difference\n')
		else invocation.out(differenceText(before, after, patch, invocation))
		return EXIT.done
	},
})

/** `ID`, `ID VERSION`, `ID VERSION VERSION`, or two of whatever names a Blueprint. */
async function bothSubjects(tools: BlueprintTools, invocation: Invocation): Promise<readonly [Subject, Subject]> {
	const [a = '', b, c] = invocation.positionals
	const read = (name: string) => readSubject(tools, invocation, name)
	if (c !== undefined) return [await read(`${a}@${b}`), await read(`${a}@${c}`)]
	if (b === undefined) return [await read(`${a}@~1`), await read(a)]
	const isVersion = /^(~\d+|[0-9a-f]{4,64})$/.test(b)
	return isVersion ? [await read(`${a}@${b}`), await read(a)] : [await read(a), await read(b)]
}

function differenceText(before: Subject, after: Subject, patch: readonly PatchOperation[], invocation: Invocation): string {
	const { flags } = invocation
	const paint = painter(invocation)
	const places = patch.map((change) => placeText(before.document, change, paint)).join('\n')
	const lines = colouredLines(unifiedDiff(before, after), paint)
	if (isOn(flags, 'lines')) return lines
	return isOn(flags, 'places') ? `${places}\n` : `${places}\n\n${lines}`
}

const LONGEST = 100

function placeText(before: Json, { op, path, value }: PatchOperation, paint: (style: Style, text: string) => string): string {
	const at = path === '' ? '/' : path
	if (op === 'add') return paint('green', `+ ${at}: ${brief(value)}`)
	const was = path.split('/').slice(1).map(unescaped).reduce(memberOf, before)
	return op === 'remove' ? paint('red', `- ${at}: ${brief(was)}`) : paint('yellow', `~ ${at}: ${brief(was)} → ${brief(value)}`)
}

const unescaped = (key: string): string => key.replaceAll('~1', '/').replaceAll('~0', '~')

function memberOf(value: Json | undefined, key: string): Json | undefined {
	if (Array.isArray(value)) return value[Number(key)]
	return isJsonObject(value) ? value[key] : undefined
}

function brief(value: Json | undefined): string {
	const text = JSON.stringify(value) ?? 'nothing'
	return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text
}

const CONTEXT_LINES = 3

function unifiedDiff(before: Subject, after: Subject): string {
	const text = (document: Json): string => `${JSON.stringify(sorted(document), null, 2)}\n`
	const name = ({ name, version }: Subject): string => (version === null || name.includes('@') ? name : `${name}@${version.slice(0, 12)}`)
	const options = { context: CONTEXT_LINES, headerOptions: { includeIndex: false, includeUnderline: false, includeFileHeaders: true } }
	return createTwoFilesPatch(name(before), name(after), text(before.document), text(after.document), undefined, undefined, options)
}

function sorted(value: Json): Json {
	if (Array.isArray(value)) return value.map(sorted)
	if (!isJsonObject(value)) return value
	return Object.fromEntries(
		Object.keys(value)
			.sort()
			.map((key) => [key, sorted(value[key] ?? null)]),
	)
}

function colouredLines(text: string, paint: (style: Style, text: string) => string): string {
	const style = (line: string): Style | null => {
		if (line.startsWith('+++') || line.startsWith('---')) return 'bold'
		return ({ '+': 'green', '-': 'red', '@': 'cyan' } as const)[line[0] ?? ''] ?? null
	}
	return text
		.split('\n')
		.map((line) => {
			const found = style(line)
			return found === null ? line : paint(found, line)
		})
		.join('\n')
}
