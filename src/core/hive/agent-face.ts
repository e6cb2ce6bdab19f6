import { MseError } from '../../kernel/error.ts'
import { MANAGER } from './agent-name.ts'
import type { Broker } from './broker.ts'
import { type HiveAgentFace, type HiveHost, OPERATOR } from './hive.ts'

/** What the manager's verbs do once it is clear that the manager asks. */
export interface ManagerVerbs extends Pick<HiveHost, 'requestSpawn' | 'kill'> {
	/** Queues a commit of an agent's configuration for approval. */
	requestApplyCommit(agent: string, ref: string, requester: string): Promise<void>
}

export interface AgentFaceDeps {
	readonly broker: Broker
	readonly manager: ManagerVerbs
	/** What becomes of messages in the operator's name that come through an agent's socket. */
	readonly operatorMsg: 'allow' | 'deny'
	/** Wait of a `recv` that names none. */
	readonly recvWaitSeconds: number
}

/** The verbs of agents and of the manager on the broker. Which of them a socket knows is its vocabulary's business. */
export function newAgentFace({ broker, manager, operatorMsg, recvWaitSeconds }: AgentFaceDeps): HiveAgentFace {
	return {
		async send(owner, to, body) {
			await broker.send({ from: owner, to, body, via: 'agent-socket' })
		},
		recv: (owner, { waitSeconds = recvWaitSeconds, signal, handOver }) =>
			broker.receive(owner, { patienceMs: waitSeconds * 1000, signal, handOver }),
		unread: (owner) => broker.unread(owner),
		async operatorMsg(owner, body) {
			if (operatorMsg === 'deny') throw new MseError('forbidden', 'operator_msg is turned off on this server (hive.operator_msg)')
			await broker.send({ from: OPERATOR, to: owner, body, via: 'agent-socket' })
		},
		requestSpawn: (owner, name) => manager.requestSpawn(name, owner),
		async kill(_owner, name) {
			if (name === MANAGER) throw new MseError('forbidden', 'refusing to kill the manager')
			await manager.kill(name)
		},
		requestApplyCommit: (owner, agent, ref) => manager.requestApplyCommit(agent, ref, owner),
	}
}
