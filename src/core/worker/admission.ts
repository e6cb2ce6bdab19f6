import type { ConfigBundle, ConfigBundleRef } from '../../protocol/runtime-bundle.ts'
import type { CreateWorker, WorkerInput } from '../../protocol/runtime-worker.ts'
import { checkReference, checkSelector, declares } from './bundle-rule.ts'
import { bundleMissing, digestMismatch, invalidRequest, invalidSelector } from './failure.ts'
import type { WorkerStore } from './store.ts'

/** Throws the first reason why a worker may not be created so, in the order of yoi's worker-runtime. */
export async function admit(store: Pick<WorkerStore, 'bundle'>, request: CreateWorker): Promise<void> {
	const { intent, profile, config_bundle, requested_capabilities = [] } = request
	if (intent.kind === 'task' && intent.objective.trim() === '') throw invalidRequest('task objective must not be empty')
	if (requested_capabilities.some(({ name }) => name.trim() === '')) throw invalidRequest('requested capability name must not be empty')
	if (config_bundle) {
		const bundle = await requireBundle(store, config_bundle)
		checkSelector(profile, config_bundle.id)
		if (!declares(bundle, profile))
			throw invalidSelector(profile, config_bundle.id, 'profile selector is not declared by synced config bundle')
		return
	}
	checkSelector(profile, undefined)
	if (profile.kind === 'named') throw invalidSelector(profile, undefined, 'named profiles require a synced config bundle reference')
}

/** The stored bundle that a reference means. Throws `config_bundle_missing`, or `config_bundle_digest_mismatch` for another content. */
export async function requireBundle(store: Pick<WorkerStore, 'bundle'>, reference: ConfigBundleRef): Promise<ConfigBundle> {
	checkReference(reference)
	const bundle = await store.bundle(reference.id)
	if (bundle === null) throw bundleMissing(reference.id)
	if (bundle.metadata.digest !== reference.digest) throw digestMismatch(reference.id, reference.digest, bundle.metadata.digest)
	return bundle
}

/** Throws `invalid_request` for a turn without content, or with an attachment that is not there. */
export async function checkInput({ content, attachments = [] }: WorkerInput, isThere: (id: string) => Promise<boolean>): Promise<void> {
	if (content.trim() === '') throw invalidRequest('worker input content must not be empty')
	for (const id of attachments) if (!(await isThere(id))) throw invalidRequest(`attachment ${id} is not on the data plane`)
}
