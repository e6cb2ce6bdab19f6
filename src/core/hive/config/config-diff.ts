import { createTwoFilesPatch } from 'diff'
import type { ConfigDiff } from '../../../protocol/hive-config.ts'
import type { ConfigFile, ConfigTree } from './store.ts'

const FILE_BYTES = 256 * 1024
const PATCH_CHARS = 1024 * 1024
/** Files that differ in more lines are replaced whole in the patch. */
const MOST_EDITS = 5000

interface Pair {
	readonly path: string
	readonly before: ConfigFile | undefined
	readonly after: ConfigFile | undefined
}

/** What changes from one commit to another, files in the order of their paths. Modes count, renames are a removal and an addition. */
export async function diffConfigs(agent: string, base: ConfigTree | null, proposed: ConfigTree): Promise<ConfigDiff> {
	const files: ConfigDiff['files'] = []
	let patch = ''
	let truncated = false
	for (const pair of changedPairs(base?.files ?? [], proposed.files)) {
		const part = truncated ? null : await patchOf(pair, base, proposed)
		files.push({ path: pair.path, change: changeOf(pair), ...(part?.opaque === true && { opaque: true as const }) })
		if (part !== null && patch.length + part.text.length <= PATCH_CHARS) patch += part.text
		else truncated = true
	}
	return { agent, base_sha: base?.sha ?? null, fetched_sha: proposed.sha, files, patch, truncated }
}

function changedPairs(before: readonly ConfigFile[], after: readonly ConfigFile[]): readonly Pair[] {
	const old = new Map(before.map((file) => [file.path, file]))
	const fresh = new Map(after.map((file) => [file.path, file]))
	const paths = [...new Set([...old.keys(), ...fresh.keys()])].sort()
	const pairs = paths.map((path) => ({ path, before: old.get(path), after: fresh.get(path) }))
	return pairs.filter(({ before, after }) => before?.id !== after?.id || before?.executable !== after?.executable)
}

function changeOf({ before, after }: Pair): ConfigDiff['files'][number]['change'] {
	if (before === undefined) return 'added'
	return after === undefined ? 'removed' : 'changed'
}

async function patchOf({ path, before, after }: Pair, base: ConfigTree | null, proposed: ConfigTree) {
	const old = before === undefined || base === null ? '' : textOf(await base.read(before))
	const fresh = after === undefined ? '' : textOf(await proposed.read(after))
	const mode = modeLines(before, after)
	if (old === null || fresh === null) return { text: `${mode}Files ${names(path, before, after).join(' and ')} differ\n`, opaque: true }
	if (old === fresh) return { text: `${names(path, before, after).join(' ')}\n${mode}`, opaque: false }
	const [from, to] = names(path, before, after)
	const text = createTwoFilesPatch(from, to, old, fresh, undefined, undefined, { maxEditLength: MOST_EDITS })
	return { text: mode + (text ?? replaced(from, to, old, fresh)), opaque: false }
}

function names(path: string, before: ConfigFile | undefined, after: ConfigFile | undefined): readonly [string, string] {
	return [before === undefined ? '/dev/null' : `a/${path}`, after === undefined ? '/dev/null' : `b/${path}`]
}

function modeLines(before: ConfigFile | undefined, after: ConfigFile | undefined): string {
	if (before === undefined) return after?.executable === true ? 'new file mode 100755\n' : ''
	if (after === undefined || before.executable === after.executable) return ''
	return after.executable ? 'old mode 100644\nnew mode 100755\n' : 'old mode 100755\nnew mode 100644\n'
}

/** Null when it is not text, or too much of it. */
function textOf(bytes: Uint8Array): string | null {
	if (bytes.byteLength > FILE_BYTES || bytes.includes(0)) return null
	try {
		return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
	} catch {
		return null
	}
}

/** A patch of one hunk that takes every line out and puts the others in. */
function replaced(from: string, to: string, old: string, fresh: string): string {
	const lines = (text: string): readonly string[] => text.replace(/\n$/, '').split('\n')
	const [out, put] = [lines(old), lines(fresh)]
	const body = [...out.map((line) => `-${line}`), ...put.map((line) => `+${line}`)].join('\n')
	return `--- ${from}\n+++ ${to}\n@@ -1,${out.length} +1,${put.length} @@\n${body}\n`
}
