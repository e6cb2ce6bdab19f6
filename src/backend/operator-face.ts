import type { FaceQuestion, OperatorFaces, Standing } from '../core/layer/face.ts'
import type { OperatorHub } from '../core/operator/hub.ts'
import type { Asking } from '../core/operator/request.ts'
import type { OperatorSessions } from '../core/operator/sessions.ts'
import type { OperatorRequest, OperatorStore } from '../core/operator/store.ts'
import { isJsonObject } from '../kernel/json.ts'
import type { ClientReply } from '../protocol/operator-frame.ts'
import { type OperatorBackendDeps, operatorWorker, standsAfter } from './operator.ts'

export interface OperatorFaceDeps extends OperatorBackendDeps {
	readonly hub: Pick<OperatorHub, 'ask' | 'resume' | 'tell'>
	readonly sessions: OperatorSessions
	readonly requests: Pick<OperatorStore, 'newestRequest'>
}

/** Operators as layers see them. */
export function operatorFaces(deps: OperatorFaceDeps): OperatorFaces {
	const { hub, sessions, requests } = deps
	return {
		find: async (name) => (await sessions.find(name))?.record.sid ?? null,
		async standing(stepId, kind) {
			const request = await requests.newestRequest(stepId, kind)
			return request && toStanding(request)
		},
		async ask(question) {
			const reply = await hub.resume(toAsking(question))
			if (reply.type === 'final') throw new Error('internal: only a spawn ends by a Final')
			return reply
		},
		tell: (sid, frame) => void hub.tell(sid, frame),
		delegate: (name) => operatorWorker(deps, name),
	}
}

function toAsking({ kind, attempt, to, frame }: FaceQuestion): Asking {
	const { runId, taskId, stepId, n, signal } = attempt
	return {
		...{ kind, runId, taskId, stepId, attempt: n, to: { operator: to }, frame, signal },
		standsAfter,
		working: (isWorking) => attempt.working(isWorking),
	}
}

function toStanding({ reqId, attempt, state, reply, slot }: OperatorRequest): Standing {
	const isAnswer = state === 'answered' && isJsonObject(reply) && reply.type !== 'final'
	return { reqId, attempt, reply: isAnswer ? (reply as unknown as ClientReply) : null, isByName: slot === null }
}
