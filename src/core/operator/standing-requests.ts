import type { Deadlines } from '../../kernel/deadlines.ts'
import type { RequestId, RunId, SessionId, StepId } from '../../kernel/id.ts'
import { nameOf } from './request.ts'
import type { OpenState } from './store.ts'
import type { Waiter } from './waiter.ts'

/** A request whose run sleeps. It is on disk; this is what tells when the run has to be woken. */
export interface StandingRequest {
	readonly reqId: RequestId
	readonly runId: RunId
	readonly stepId: StepId
	readonly attempt: number
	/** Whom it is addressed to; null while it waits for somebody of that name to come. */
	readonly sid: SessionId | null
	readonly name: string
	readonly createdAt: number
	/** How far its frame got, and what of that is on disk or about to be. */
	state: OpenState
	storedState: OpenState
	readonly disarm: () => void
}

/** Requests of sleeping runs, found by whatever may happen to them. */
export class StandingRequests {
	readonly #deadlines: Deadlines
	readonly #requests = new Map<RequestId, StandingRequest>()
	readonly #byStep = new Map<StepId, StandingRequest>()
	readonly #byRun = new Map<RunId, StandingRequest[]>()
	readonly #bySession = new Map<SessionId, Set<StandingRequest>>()
	readonly #vacant = new Map<string, Set<StandingRequest>>()

	constructor(deadlines: Deadlines) {
		this.#deadlines = deadlines
	}

	/** `expired` is called at the request's deadline. Nothing here may keep hold of the waiter, and of the run behind it. */
	add({ request, sid, state, storedState, asking }: Waiter, expired: (standing: StandingRequest | undefined) => void): void {
		const { reqId, runId, stepId, attempt, createdAt, deadlineAt } = request
		const disarm = this.#deadlines.at(deadlineAt, () => expired(this.get(reqId)))
		const standing: StandingRequest = {
			...{ reqId, runId, stepId, attempt, sid, name: nameOf(asking), createdAt },
			...{ state, storedState, disarm },
		}
		this.#requests.set(reqId, standing)
		this.#byStep.set(stepId, standing)
		this.#byRun.set(runId, [...this.ofRun(runId), standing])
		if (sid === null) addTo(this.#vacant, standing.name, standing)
		else addTo(this.#bySession, sid, standing)
	}

	get(reqId: RequestId): StandingRequest | undefined {
		return this.#requests.get(reqId)
	}

	ofAttempt(stepId: StepId, attempt: number): StandingRequest | undefined {
		const standing = this.#byStep.get(stepId)
		return standing?.attempt === attempt ? standing : undefined
	}

	ofRun(runId: RunId): readonly StandingRequest[] {
		return this.#byRun.get(runId) ?? []
	}

	/** Addressed to that session, oldest first. */
	ofSession(sid: SessionId): readonly StandingRequest[] {
		return [...(this.#bySession.get(sid) ?? [])].sort((a, b) => a.createdAt - b.createdAt)
	}

	countOf(sid: SessionId): number {
		return this.#bySession.get(sid)?.size ?? 0
	}

	/** Those that wait for somebody of that name to come. */
	vacant(name: string): readonly StandingRequest[] {
		return [...(this.#vacant.get(name) ?? [])]
	}

	/** Somebody in this process waits for it again, or it has ended. */
	take(reqId: RequestId): StandingRequest | undefined {
		const standing = this.#requests.get(reqId)
		if (!standing) return undefined
		standing.disarm()
		this.#requests.delete(reqId)
		if (this.#byStep.get(standing.stepId) === standing) this.#byStep.delete(standing.stepId)
		const others = this.ofRun(standing.runId).filter((other) => other !== standing)
		if (others.length > 0) this.#byRun.set(standing.runId, others)
		else this.#byRun.delete(standing.runId)
		if (standing.sid === null) removeFrom(this.#vacant, standing.name, standing)
		else removeFrom(this.#bySession, standing.sid, standing)
		return standing
	}

	/** The run has ended, and its requests with it. */
	removeRun(runId: RunId): void {
		for (const { reqId } of this.ofRun(runId)) this.take(reqId)
	}
}

function addTo<K, V>(sets: Map<K, Set<V>>, key: K, value: V): void {
	const set = sets.get(key) ?? new Set()
	sets.set(key, set.add(value))
}

function removeFrom<K, V>(sets: Map<K, Set<V>>, key: K, value: V): void {
	const set = sets.get(key)
	set?.delete(value)
	if (set?.size === 0) sets.delete(key)
}
