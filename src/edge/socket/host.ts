import type { HiveControl } from '../../core/hive/control.ts'
import type { HiveHost } from '../../core/hive/hive.ts'
import { OPERATOR } from '../../core/hive/hive.ts'
import { type HostExtraRequest, type HostRequest, type HostResponse, hostExtraRequests, hostRequests } from '../../protocol/hive.ts'
import { type Exchange, newVocabulary, type Vocabulary } from './vocabulary.ts'

/** All that the operator may do; without agents there is nothing to control. */
export interface Operated {
	readonly host: HiveHost
	readonly control?: HiveControl | undefined
}

/** Makes what every success is: `ok` first, and `version` where the wire has one. */
type Ok = (more?: Omit<HostResponse, 'ok'>) => HostResponse

/** The operator's socket. Keys are built in the order of the wire. `wireVersion` adds `version` to what succeeds. */
export function hostVocabulary({ host, control }: Operated, { wireVersion }: { readonly wireVersion: boolean }): Vocabulary {
	const version = wireVersion ? { version: 1 } : {}
	const ok: Ok = (more = {}) => ({ ok: true, ...more, ...version })
	const refusal = (error: string): HostResponse => ({ ok: false, error })
	const verbs = hostVerbs(host, ok)
	if (!control) return newVocabulary<HostRequest, HostResponse>(hostRequests, verbs, refusal)
	const all = { ...verbs, ...controlVerbs(host, control, ok) }
	return newVocabulary<HostRequest | HostExtraRequest, HostResponse>(hostRequests, all, refusal, { untold: hostExtraRequests })
}

type Verbs<Request extends { readonly cmd: string }> = {
	readonly [Cmd in Request['cmd']]: (
		request: Extract<Request, { readonly cmd: Cmd }>,
		exchange: Exchange,
	) => Promise<HostResponse | undefined>
}

function hostVerbs(host: HiveHost, ok: Ok): Verbs<HostRequest> {
	return {
		spawn: ({ name }) => done(host.spawn(name), ok),
		request_spawn: ({ name }) => done(host.requestSpawn(name, OPERATOR), ok),
		kill: ({ name }) => done(host.kill(name), ok),
		destroy: ({ name, purge = false }) => done(host.destroy(name, { purge }), ok),
		rebuild: ({ name }) => done(host.rebuild(name), ok),
		list: async () => ok({ agents: [...(await host.list())] }),
		pending: async () => ok({ approvals: [...(await host.pending())] }),
		approve: ({ id }) => done(host.approve(id), ok),
		deny: ({ id, note }) => done(host.deny(id, note), ok),
	}
}

function controlVerbs(host: HiveHost, control: HiveControl, ok: Ok): Verbs<HostExtraRequest> {
	return {
		start: ({ name }) => done(control.start(name), ok),
		stop: ({ name }) => done(host.kill(name), ok),
		restart: ({ name }) => done(control.restart(name), ok),
		set_paused: ({ name, paused }) => done(control.setPaused(name, paused), ok),
		agent_status: async ({ name }) => ok({ statuses: [...(await control.statuses(name))] }),
		logs: async ({ name, tail }) => ok({ text: await control.logs(name, tail) }),
		operator_send: ({ to, body }) => done(control.send(to, body), ok),
		async operator_recv({ wait_seconds: waitSeconds }, { signal, write }) {
			const handOver = ({ from, body }: { readonly from: string; readonly body: string }) => write(ok({ message: { from, body } }))
			return (await control.recv({ waitSeconds, signal, handOver })) ? undefined : ok()
		},
	}
}

async function done(work: Promise<unknown>, ok: Ok): Promise<HostResponse> {
	await work
	return ok()
}
