import { MseError } from '../../kernel/error.ts'
import { MANAGER } from './agent-name.ts'
import type { Broker } from './broker.ts'
import { type HiveAgentFace, type HiveHost, OPERATOR, SYSTEM } from './hive.ts'
import type { HandOver } from './mailbox.ts'

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
	/** Adds to a message of the server what is not kept on disk. */
	readonly complete?: (body: string) => string
	/** Those who are written to without having an inbox. */
	readonly others?: Correspondents
}

/** Takes messages for names that no agent can have, such as those of runtime workers. */
export interface Correspondents {
	/** False for a name that is none of theirs. Throws an MseError for a message that is not expected. */
	take(from: string, to: string, body: string): Promise<boolean>
}

const asItIs = (body: string): string => body

/** The verbs of agents and of the manager on the broker. Which of them a socket knows is its vocabulary's business. */
export function newAgentFace({ broker, manager, operatorMsg, recvWaitSeconds, complete = asItIs, others }: AgentFaceDeps): HiveAgentFace {
	return {
		async send(owner, to, body) {
			if (!(await others?.take(owner, to, body))) await broker.send({ from: owner, to, body, via: 'agent-socket' })
		},
		recv: (owner, { waitSeconds = recvWaitSeconds, signal, handOver }) => {
			const give: HandOver = (message) => handOver(message.from === SYSTEM ? { ...message, body: complete(message.body) } : message)
			return broker.receive(owner, { patienceMs: waitSeconds * 1000, signal, handOver: give })
		},
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
