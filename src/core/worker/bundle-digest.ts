import { sha256Hex } from '../../kernel/hash.ts'
import type { ProfileSelector } from '../../protocol/runtime.ts'
import type { ConfigBundle } from '../../protocol/runtime-bundle.ts'

/** The digest of a bundle's content, the same for any order of profiles and declarations (yoi worker-runtime). */
export function bundleDigest({
	metadata,
	profiles = [],
	declarations = [],
}: Pick<ConfigBundle, 'metadata' | 'profiles' | 'declarations'>): string {
	const lines = [
		['id', metadata.id],
		['revision', metadata.revision],
		['workspace_id', metadata.workspace_id],
		['created_at', metadata.created_at],
		['provenance.source', metadata.provenance.source],
		['provenance.detail', metadata.provenance.detail ?? ''],
		...profiles.map(({ selector, label }) => ['profile', ...selectorParts(selector), label ?? '']),
		...declarations.map(({ kind, name, reference }) => ['declaration', kind, name, reference]),
	]
	// By bytes: the order of UTF-16 units differs from it.
	const sorted = lines.map((parts) => Buffer.from(`${parts.join('\0')}\n`)).sort(compareLines)
	return sha256Hex(Buffer.concat(sorted))
}

/** A line's end must not count in the comparison: a shorter line comes first whatever follows in the longer one. */
const compareLines = (a: Buffer, b: Buffer): number => Buffer.compare(a.subarray(0, -1), b.subarray(0, -1))

const selectorParts = (selector: ProfileSelector): string[] =>
	selector.kind === 'runtime_default' ? ['runtime_default'] : [selector.kind, selector.value]
