import type { ProfileSelector } from '../../protocol/runtime.ts'
import type {
	ConfigBundle,
	ConfigBundleAvailability,
	ConfigBundleRef,
	ConfigBundleSummary,
	DeclarationKind,
} from '../../protocol/runtime-bundle.ts'
import { boundaryFault, referenceFault } from './boundary-text.ts'
import { bundleDigest } from './bundle-digest.ts'
import { digestMismatch, invalidRequest, invalidSelector, unsupportedDeclaration } from './failure.ts'

const PREFIXES: { readonly [Kind in DeclarationKind]: readonly string[] } = {
	secret_ref: ['secret:', 'secret-ref:', 'vault:', 'keyring:'],
	mount_grant: ['mount:', 'mount-grant:'],
	network_policy: ['network:', 'network-policy:'],
	shell_policy: ['shell:', 'shell-policy:'],
	git_policy: ['git:', 'git-policy:'],
	capability_grant: ['capability:', 'capability-grant:'],
	unsupported: [],
}
const ID_BYTES = 128

/** Throws the first thing that is wrong with a bundle, in the order of yoi's worker-runtime. */
export function checkBundle(bundle: ConfigBundle): void {
	const { metadata, profiles = [] } = bundle
	checkReference(metadata)
	const { id, revision, workspace_id, created_at, provenance } = metadata
	for (const [name, text] of Object.entries({ revision, workspace_id, created_at, 'provenance.source': provenance.source }))
		if (text.trim() === '') throw invalidRequest(`config bundle ${name} must not be empty`)
	const detail = provenance.detail ?? ''
	for (const [name, text] of Object.entries({
		id,
		revision,
		workspace_id,
		'provenance.source': provenance.source,
		'provenance.detail': detail,
	}))
		refuseText(`config bundle ${name}`, boundaryFault(text))
	const digest = bundleDigest(bundle)
	if (digest !== metadata.digest) throw digestMismatch(id, metadata.digest, digest)
	for (const { selector, label } of profiles) {
		checkSelector(selector, id)
		refuseText('config bundle profile label', boundaryFault(label ?? ''))
	}
	checkDeclarations(bundle)
}

/** Throws `invalid_request` for an id or a digest of the wrong form. */
export function checkReference({ id, digest }: ConfigBundleRef): void {
	if (id.trim() === '') throw invalidRequest('config bundle id must not be empty')
	if (Buffer.byteLength(id) > ID_BYTES) throw invalidRequest(`config bundle id is too large: more than ${ID_BYTES} bytes`)
	if (id.trim() !== id) throw invalidRequest('config bundle id must not have surrounding whitespace')
	if (!/^[A-Za-z0-9][A-Za-z0-9\-_.:]*$/.test(id)) throw invalidRequest('config bundle id holds a character that ids do not have')
	if (digest.trim() === '') throw invalidRequest('config bundle digest must not be empty')
	if (!/^[0-9a-f]{64}$/.test(digest)) throw invalidRequest('config bundle digest must be 64 lower-case hex digits')
}

/** Throws `invalid_profile_selector` for a blank selector and for text that may not cross the trust line. */
export function checkSelector(selector: ProfileSelector, bundleId: string | undefined): void {
	if (selector.kind === 'runtime_default') return
	if (selector.value.trim() === '') throw invalidSelector(selector, bundleId, 'profile selector must not be empty')
	const fault = boundaryFault(selector.value)
	if (fault !== null) throw invalidSelector(selector, bundleId, `profile selector ${fault}`)
}

/** Whether a bundle declares exactly that selector. */
export function declares({ profiles = [] }: ConfigBundle, selector: ProfileSelector): boolean {
	return profiles.some((profile) => selectorKey(profile.selector) === selectorKey(selector))
}

export function toAvailability(bundle: ConfigBundle): ConfigBundleAvailability {
	const summary = toSummary(bundle)
	return { reference: { id: summary.id, digest: summary.digest }, summary }
}

export function toSummary({ metadata, profiles = [], declarations = [] }: ConfigBundle): ConfigBundleSummary {
	const { id, digest, revision, workspace_id, created_at, provenance } = metadata
	const { source, detail } = provenance
	return {
		...{ id, digest, digest_algorithm: 'sha256', revision, workspace_id, created_at },
		provenance: { source, ...(detail !== undefined && detail !== null && { detail }) },
		profile_count: profiles.length,
		declaration_count: declarations.length,
	}
}

function checkDeclarations({ metadata, declarations = [] }: ConfigBundle): void {
	for (const { kind, name, reference } of declarations) {
		if (name.trim() === '') throw invalidRequest('config bundle declaration name must not be empty')
		refuseText('config bundle declaration name', boundaryFault(name))
		if (kind === 'unsupported') throw unsupportedDeclaration(metadata.id, kind, name)
		if (reference.trim() === '') throw invalidRequest('config bundle declaration reference must not be empty')
		refuseText('config bundle declaration reference', referenceFault(reference))
		const fits = PREFIXES[kind].some((prefix) => reference.startsWith(prefix) && reference.length > prefix.length)
		if (!fits) throw unsupportedDeclaration(metadata.id, kind, name)
	}
}

function refuseText(what: string, fault: string | null): void {
	if (fault !== null) throw invalidRequest(`${what} ${fault}`)
}

const selectorKey = (selector: ProfileSelector): string =>
	selector.kind === 'runtime_default' ? selector.kind : `${selector.kind} ${selector.value}`
