import type { HiveBridge } from '../../core/hive/bridge.ts'
import type { HiveAgentFace } from '../../core/hive/hive.ts'
import { type AgentRequest, type AgentResponse, agentRequests, type ManagerRequest, managerRequests } from '../../protocol/hive.ts'
import { bridgeVerbs } from './bridge.ts'
import { type Exchange, newVocabulary, type Vocabulary } from './vocabulary.ts'

/** The socket of one agent, whose name every request has by it. */
export function agentVocabulary(face: HiveAgentFace, owner: string, bridge?: HiveBridge): Vocabulary {
	const quiet = bridge && bridgeVerbs(bridge, owner)
	return newVocabulary<AgentRequest, AgentResponse>(agentRequests, agentVerbs(face, owner), err, { quiet })
}

/** The manager's socket: an agent's, and what changes the hive. */
export function managerVocabulary(face: HiveAgentFace, owner: string, bridge?: HiveBridge): Vocabulary {
	return newVocabulary<ManagerRequest, AgentResponse>(
		managerRequests,
		{
			...agentVerbs(face, owner),
			request_spawn: ({ name }) => done(face.requestSpawn(owner, name)),
			kill: ({ name }) => done(face.kill(owner, name)),
			request_apply_commit: ({ agent, commit_ref }) => done(face.requestApplyCommit(owner, agent, commit_ref)),
		},
		err,
		{ quiet: bridge && bridgeVerbs(bridge, owner) },
	)
}

function agentVerbs(face: HiveAgentFace, owner: string) {
	return {
		send: ({ to, body }: { readonly to: string; readonly body: string }) => done(face.send(owner, to, body)),
		recv: (request: { readonly wait_seconds?: number }, exchange: Exchange) => recv(face, owner, request.wait_seconds, exchange),
		status: async (): Promise<AgentResponse> => ({ kind: 'status', unread: await face.unread(owner) }),
		operator_msg: ({ body }: { readonly body: string }) => done(face.operatorMsg(owner, body)),
	}
}

/** The message goes out as it is handed over; only that nothing came is left to say. */
async function recv(
	face: HiveAgentFace,
	owner: string,
	waitSeconds: number | undefined,
	{ signal, write }: Exchange,
): Promise<AgentResponse | undefined> {
	const handOver = ({ from, body }: { readonly from: string; readonly body: string }) => write({ kind: 'message', from, body })
	return (await face.recv(owner, { waitSeconds, signal, handOver })) ? undefined : { kind: 'empty' }
}

async function done(work: Promise<void>): Promise<AgentResponse> {
	await work
	return { kind: 'ok' }
}

const err = (message: string): AgentResponse => ({ kind: 'err', message })
