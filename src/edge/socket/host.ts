import type { HiveHost } from '../../core/hive/hive.ts'
import { OPERATOR } from '../../core/hive/hive.ts'
import { type HostRequest, type HostResponse, hostRequests } from '../../protocol/hive.ts'
import { newVocabulary, type Vocabulary } from './vocabulary.ts'

/** The operator's socket. Keys are built in the order of the wire. `wireVersion` adds `version` to what succeeds. */
export function hostVocabulary(host: HiveHost, { wireVersion }: { readonly wireVersion: boolean }): Vocabulary {
	const version = wireVersion ? { version: 1 } : {}
	const ok = (more: Omit<HostResponse, 'ok'> = {}): HostResponse => ({ ok: true, ...more, ...version })
	const done = async (work: Promise<void>): Promise<HostResponse> => {
		await work
		return ok()
	}
	return newVocabulary<HostRequest, HostResponse>(
		hostRequests,
		{
			spawn: ({ name }) => done(host.spawn(name)),
			request_spawn: ({ name }) => done(host.requestSpawn(name, OPERATOR)),
			kill: ({ name }) => done(host.kill(name)),
			destroy: ({ name, purge = false }) => done(host.destroy(name, { purge })),
			rebuild: ({ name }) => done(host.rebuild(name)),
			list: async () => ok({ agents: [...(await host.list())] }),
			pending: async () => ok({ approvals: [...(await host.pending())] }),
			approve: ({ id }) => done(host.approve(id)),
			deny: ({ id, note }) => done(host.deny(id, note)),
		},
		(error): HostResponse => ({ ok: false, error }),
	)
}
