import { expect, test } from 'bun:test'
import { bundleDigest } from '../../../src/core/worker/bundle-digest.ts'
import { checkBundle, checkReference } from '../../../src/core/worker/bundle-rule.ts'
import { MseError } from '../../../src/kernel/error.ts'
import type { ConfigBundle } from '../../../src/protocol/runtime-bundle.ts'
import { verifies } from '../../support/verifies.ts'

interface Parts {
	id?: string
	revision?: string
	workspace?: string
	created?: string
	source?: string
	detail?: string | null
	profiles?: object[]
	declarations?: object[]
}

function bundleOf(parts: Parts = {}): ConfigBundle {
	const {
		id = 'bundle-1',
		revision = 'rev-1',
		workspace = 'workspace-1',
		created = '2026-06-26T00:00:00Z',
		source = 'test',
		detail,
	} = parts
	const provenance = { source, ...(detail !== undefined && { detail }) }
	const metadata = { id, digest: '', revision, workspace_id: workspace, created_at: created, provenance }
	const lists = { ...(parts.profiles && { profiles: parts.profiles }), ...(parts.declarations && { declarations: parts.declarations }) }
	const bundle = { metadata, ...lists } as ConfigBundle
	return { ...bundle, metadata: { ...metadata, digest: bundleDigest(bundle) } }
}

/** The code with which a bundle is refused, or null. */
function refusal(parts: Parts, check: (bundle: ConfigBundle) => void = checkBundle): string | null {
	try {
		check(bundleOf(parts))
		return null
	} catch (error) {
		return error instanceof MseError ? error.code : String(error)
	}
}

const coder = { kind: 'builtin', value: 'builtin:coder' }

const vectors: readonly [Parts, string][] = [
	[
		{
			...{ source: 'workspace-backend', detail: 'profile-sync', profiles: [{ selector: coder, label: 'Coder' }] },
			declarations: [{ kind: 'capability_grant', name: 'read', reference: 'capability:read' }],
		},
		'8c48f61515c36d4455462ca9def2425e5b774297b159dda69abf46a530888bd3',
	],
	[
		{ profiles: [{ selector: coder }], declarations: [{ kind: 'secret_ref', name: 'credential', reference: 'secret:github-token' }] },
		'f1faffb46524a985fff79a4a3e9165e776187d2e3a67773995806ac557f3320a',
	],
	[
		{ id: 'min', revision: '1', workspace: 'w', created: 't', source: 's' },
		'45b3ae00ae0ef9ad095e13ed5d2873b5142a84f6c66acf4772b73f3f6cab0940',
	],
	[
		{
			...{ id: 'multi.1', revision: 'r2', workspace: 'ws', created: '2026-01-01T00:00:00Z', source: 'cli', detail: '' },
			profiles: [
				{ selector: { kind: 'named', value: 'reviewer' }, label: 'レビュー' },
				{ selector: { kind: 'runtime_default' } },
				{ selector: coder, label: '𝒞oder' },
			],
			declarations: [
				{ kind: 'shell_policy', name: 'sh', reference: 'shell:deny' },
				{ kind: 'git_policy', name: 'g', reference: 'git:read' },
			],
		},
		'161ca1239a656d08407f612ab53ca545de5e022ed687c306b63563b1b51cf628',
	],
]

test.each(vectors)('a bundle has the digest that upstream gives it (%#)', (parts, digest) => {
	verifies('07.B1', '07.B2', '07.B3')
	expect(bundleOf(parts).metadata.digest).toBe(digest)
	const reversed = { ...parts, profiles: [...(parts.profiles ?? [])].reverse(), declarations: [...(parts.declarations ?? [])].reverse() }
	expect(bundleOf({ ...reversed, detail: parts.detail || null }).metadata.digest).toBe(digest)
})

test('references to secrets have a known prefix and no path', () => {
	verifies('07.A35', '07.A36', '07.B6')
	const code = (reference: string, kind = 'secret_ref') => refusal({ declarations: [{ kind, name: 'n', reference }] })
	for (const reference of ['.cache/yoi', '.yoi/sessions/foo.jsonl', 'pods/foo/sock', 'password=hunter2', 'hunter2-secret-value'])
		expect([reference, code(reference)]).toEqual([reference, expect.stringMatching(/^(invalid_request|unsupported_config_declaration)$/)])
	for (const reference of ['secret:github-token', 'vault:team.api-key', 'keyring:a@b+c']) expect(code(reference)).toBe(null)
	expect(code('secret:')).toBe('unsupported_config_declaration')
	expect(code('vault:a/b')).toBe('invalid_request')
	expect(code('secret:x', 'mount_grant')).toBe('unsupported_config_declaration')
})

test('ids are bounded in length and alphabet, and digests are lower-case hex', () => {
	verifies('07.A37', '07.A38', '07.B4', '07.B5')
	for (const id of ['bundle/1', 'bundle?x', 'bundle&x', 'bundle#x', ' bundle', '-x', 'é', 'x y', 'x'.repeat(129), ''])
		expect([id, refusal({ id })]).toEqual([id, 'invalid_request'])
	for (const id of ['a:b', 'A.b_c-d:e', 'x'.repeat(128)]) expect(refusal({ id })).toBe(null)
	const digest = '0'.repeat(64)
	expect(() => checkReference({ id: 'bundle/1', digest })).toThrow('holds a character')
	expect(() => checkReference({ id: 'ok', digest: 'A'.repeat(64) })).toThrow('lower-case hex')
})

test('text that looks like a place of this host does not cross, except as the time of creation', () => {
	verifies('07.B7')
	for (const parts of [
		{ detail: '~x' },
		{ detail: '\u0001' },
		{ detail: 'x'.repeat(2049) },
		{ detail: 'http://x' },
		{ revision: '/abs' },
		{ profiles: [{ selector: coder, label: 'my.sock' }] },
	])
		expect([parts, refusal(parts)]).toEqual([parts, 'invalid_request'])
	expect(refusal({ created: '/abs' })).toBe(null)
})
