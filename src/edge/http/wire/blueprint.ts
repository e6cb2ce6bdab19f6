import { splitExtensions } from '../../../core/blueprint/extension.ts'
import type { BlueprintCommit } from '../../../core/blueprint/store.ts'
import { MseError } from '../../../kernel/error.ts'
import type { Json } from '../../../kernel/json.ts'
import type { HistoryEntry } from '../../../protocol/blueprint-route.ts'

export function toHistoryEntry(commit: BlueprintCommit): HistoryEntry {
	return {
		hash: commit.hash,
		version_label: commit.versionLabel,
		rationale: commit.message,
		parent: commit.parent,
		author: commit.author,
		seq: commit.seq,
		at: commit.at,
	}
}

/** A stored document as strict clients read it; `extensions` only where it has keys of ours. */
export function toSplitDocument(document: Json): { blueprint: Json; extensions?: { [path: string]: Json } } {
	const { blueprint, extensions } = splitExtensions(document)
	return { blueprint, ...(Object.keys(extensions).length > 0 && { extensions: { ...extensions } }) }
}

/**
 * The head a writer expects: a version, null for none, `undefined` when it does not care. Said by `?expected_head=`, or
 * by `If-Match` and `If-None-Match: *`; saying it twice is refused unless both agree.
 */
export function toExpectedHead(query: string | undefined, headers: Headers): string | null | undefined {
	const said = [fromQuery(query), fromIfMatch(headers.get('if-match')), fromIfNoneMatch(headers.get('if-none-match'))]
	const expected = [...new Set(said.filter((head) => head !== undefined))]
	if (expected.length > 1) throw new MseError('malformed', 'The expected head is given twice, differently.', { code: 'bad_expected_head' })
	return expected[0]
}

const fromQuery = (text: string | undefined): string | null | undefined => (text === 'none' || text === '' ? null : text)

function fromIfMatch(text: string | null): string | undefined {
	if (text === null) return undefined
	const hash = /^\s*"?([0-9a-f]{64})"?\s*$/i.exec(text)?.[1]
	if (hash !== undefined) return hash.toLowerCase()
	throw new MseError('malformed', 'If-Match has to be one version, as GET …/head gives it in ETag.', { code: 'bad_expected_head' })
}

function fromIfNoneMatch(text: string | null): null | undefined {
	if (text === null) return undefined
	if (text.trim() === '*') return null
	throw new MseError('malformed', 'If-None-Match has to be `*` here: the Blueprint must not exist yet.', { code: 'bad_expected_head' })
}
