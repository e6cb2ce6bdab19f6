import { expect, test } from 'bun:test'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type ExpandOptions, expandDocument, referencesIn, refuseReferences } from '../../../src/core/blueprint/expand-document.ts'
import { parseBlueprint } from '../../../src/core/blueprint/parse.ts'
import { MseError } from '../../../src/kernel/error.ts'
import type { Json, JsonObject } from '../../../src/kernel/json.ts'
import { includedFiles } from '../../../src/store/included-file.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { verifies } from '../../support/verifies.ts'

const agentMd = (name: string): string => `---\nname: ${name}\ndescription: from a file\n---\nYou are ${name}.\n`

/** A folder with these files, and what expands documents in its folder `base`. */
function folder(files: { readonly [path: string]: string }) {
	const dir = tempDir()
	mkdirSync(join(dir.path, 'base'))
	for (const [path, text] of Object.entries(files)) {
		mkdirSync(dirname(join(dir.path, path)), { recursive: true })
		writeFileSync(join(dir.path, path), text)
	}
	const options: ExpandOptions = {
		...{ files: includedFiles, base: join(dir.path, 'base'), includes: [], defaultAgentKind: null, trusted: false, limitBytes: 10_000 },
	}
	return {
		path: (name: string) => join(dir.path, name),
		expand: (document: Json, over: Partial<ExpandOptions> = {}) => expandDocument(document, { ...options, ...over }),
		[Symbol.dispose]: () => dir[Symbol.dispose](),
	}
}

async function refused(expanded: Promise<Json>): Promise<MseError> {
	const outcome = await expanded.catch((error: unknown) => error)
	if (outcome instanceof MseError) return outcome
	throw new Error(`not refused: ${JSON.stringify(outcome)}`)
}

test('a file reference becomes the text of the file, at any depth, and is not expanded again', async () => {
	verifies('06.13')
	using dir = folder({ 'base/a/b.txt': '{"$file": "c"}\n' })
	const document = { spec: [{ deep: { $file: 'a/b.txt' } }], other: { $file: 'x', and: 1 }, number: { $file: 5 } }
	expect(await dir.expand(document)).toEqual({ ...document, spec: [{ deep: '{"$file": "c"}\n' }] })
})

test('an agent reference becomes the agent of the file, with its siblings over it', async () => {
	using dir = folder({ 'base/coder.md': agentMd('coder'), 'base/p.txt': 'P' })
	const siblings = { kind: 'rust_fn', spec: { fn_id: { $file: 'p.txt' } }, profile: { tools: ['Read'] } }
	const expanded = await dir.expand({ agents: [{ $agent_md: 'coder.md' }, { $agent_md: 'coder.md', ...siblings }] })
	expect(expanded).toMatchObject({
		agents: [
			{ name: 'coder', kind: 'operator', profile: { system_prompt: 'You are coder.\n', description: 'from a file' } },
			{ name: 'coder', kind: 'rust_fn', spec: { fn_id: 'P' }, profile: { tools: ['Read'] } },
		],
	})
	const { blueprint } = parseBlueprint({ id: 'x', flow: { kind: 'seq', children: [] }, ...(expanded as JsonObject) })
	expect(blueprint?.agents).toHaveLength(2)
})

test('the kind of an included agent comes from the reference, the document, the server, in this order', async () => {
	verifies('03.Blueprint.default_agent_kind')
	using dir = folder({ 'base/a.md': agentMd('a') })
	const kindOf = async (reference: JsonObject, document: JsonObject, defaultAgentKind: ExpandOptions['defaultAgentKind']) => {
		const expanded = await dir.expand({ agents: [{ $agent_md: 'a.md', ...reference }], ...document }, { defaultAgentKind })
		return ((expanded as JsonObject).agents as JsonObject[])[0]?.kind
	}
	expect(await kindOf({ kind: 'lua' }, { default_agent_kind: 'subprocess' }, 'rust_fn')).toBe('lua')
	expect(await kindOf({}, { default_agent_kind: 'subprocess' }, 'rust_fn')).toBe('subprocess')
	expect(await kindOf({}, { default_agent_kind: 'nonsense' }, 'rust_fn')).toBe('rust_fn')
	expect(await kindOf({}, {}, null)).toBe('operator')
})

test('the first folder that has the file wins: base, the document’s own, then the server’s', async () => {
	verifies('01.C129', '06.14', '03.Blueprint.blueprint_ref_includes')
	using dir = folder({ 'base/one': 'base', 'base/own/one': 'own', 'base/own/two': 'own', 'more/two': 'more', 'more/three': 'more' })
	const document = { blueprint_ref_includes: ['own'], found: ['one', 'two', 'three'].map(($file) => ({ $file })) }
	const options = { includes: [dir.path('more')] }
	expect(await dir.expand(document, options)).toMatchObject({ found: ['base', 'own', 'more'] })
	const missing = await refused(dir.expand({ ...document, a: { $file: 'four' } }, options))
	const searched = [dir.path('base'), dir.path('base/own'), dir.path('more')].join(', ')
	expect(missing.message).toBe(`$file ref expansion at "four": not found in include cascade (searched: ${searched})`)
	expect([missing.kind, missing.code, missing.hint?.includes(searched)]).toEqual(['malformed', 'reference_unresolved', true])
})

test('a path that is absolute or climbs is refused, however it is spelled', async () => {
	using dir = folder({ 'secret.txt': 's' })
	for (const path of ['../secret.txt', 'a/../../secret.txt', 'a\\..\\secret.txt', '..'])
		expect((await refused(dir.expand({ $file: path }))).message).toEndWith("'..' parent-dir escape not allowed")
	for (const path of [dir.path('secret.txt'), '/etc/passwd', 'C:\\x', '\\x'])
		expect((await refused(dir.expand({ $file: path }))).message).toEndWith('absolute path not allowed (must be relative to Blueprint dir)')
	for (const path of ['a\0', '', '.', 'base']) expect((await refused(dir.expand({ $file: path }))).code).toBe('reference_unresolved')
})

test('a link may not lead out of the folder it was found in', async () => {
	using dir = folder({ 'secret/s.txt': 's', 'base/real.txt': 'r' })
	symlinkSync(dir.path('secret/s.txt'), dir.path('base/out.txt'))
	symlinkSync(dir.path('secret'), dir.path('base/outside'))
	symlinkSync('real.txt', dir.path('base/in.txt'))
	expect(await dir.expand({ a: { $file: 'in.txt' } })).toEqual({ a: 'r' })
	for (const path of ['out.txt', 'outside/s.txt'])
		expect((await refused(dir.expand({ a: { $file: path } }))).message).toContain('its real path lies outside')
	const through = { blueprint_ref_includes: ['outside'], a: { $file: 's.txt' } }
	expect((await refused(dir.expand(through))).message).toContain('its real path lies outside')
	expect(await dir.expand(through, { trusted: true })).toMatchObject({ a: 's' })
})

test('only a document of the user’s own may search folders outside the base', async () => {
	using dir = folder({ 'elsewhere/s.txt': 's' })
	for (const include of ['../elsewhere', dir.path('elsewhere')]) {
		const document = { blueprint_ref_includes: [include], a: { $file: 's.txt' } }
		expect((await refused(dir.expand(document))).message).toStartWith('blueprint_ref_includes ref expansion at ')
		expect(await dir.expand(document, { trusted: true })).toMatchObject({ a: 's' })
	}
})

test('what is no text file, or too much of it, is refused', async () => {
	using dir = folder({ 'base/big.txt': 'x'.repeat(6000), 'base/sub/a': '', 'base/plain.md': 'no frontmatter' })
	writeFileSync(dir.path('base/binary'), new Uint8Array([0xff, 0xfe, 0x00]))
	expect(await dir.expand([{ $file: 'big.txt' }])).toHaveLength(1)
	expect((await refused(dir.expand([{ $file: 'big.txt' }, { $file: 'big.txt' }]))).message).toContain('limit')
	for (const path of ['binary', 'sub']) expect((await refused(dir.expand({ $file: path }))).kind).toBe('malformed')
	expect((await refused(dir.expand({ $agent_md: 'plain.md' }))).message).toBe(
		'$agent_md ref expansion at "plain.md": agent_md parse: no frontmatter delimiter `---` in plain.md',
	)
})

test('references are found at every depth, and strict embedding refuses each', () => {
	verifies('01.C129')
	const document = { $agent_md: 'a', agents: [{ spec: { list: [1, { $file: 'b' }] } }], note: { $file: 7 } }
	expect(referencesIn(document)).toEqual(['$', '$.agents[0].spec.list[1]'])
	expect(() => refuseReferences(document)).toThrow(/references at \$, \$\.agents\[0\]\.spec\.list\[1\]/)
	refuseReferences({ note: { $file: 7 }, text: '$file' })
})
