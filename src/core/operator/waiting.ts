import type { SessionId, StepId } from '../../kernel/id.ts'
import type { DeliveryMarks } from './delivery-marks.ts'
import { Desk } from './desk.ts'
import { nameOf } from './request.ts'
import { tellStanding, type Waiter } from './waiter.ts'

/** Every request somebody waits for, found by session, by the name it waits for, or by its attempt. */
export class Waiting {
	readonly #marks: DeliveryMarks
	readonly #desks = new Map<SessionId, Desk>()
	readonly #vacant = new Map<string, Set<Waiter>>()
	readonly #spawns = new Map<string, Waiter>()

	constructor(marks: DeliveryMarks) {
		this.#marks = marks
	}

	desk(sid: SessionId): Desk {
		const known = this.#desks.get(sid)
		if (known) return known
		const made = new Desk(sid, this.#marks)
		this.#desks.set(sid, made)
		return made
	}

	/** As `desk`, for a session that may be gone. */
	found(sid: SessionId): Desk | undefined {
		return this.#desks.get(sid)
	}

	desks(): readonly Desk[] {
		return [...this.#desks.values()]
	}

	/** The session is gone; whatever still lay on its desk is returned. */
	removeDesk(sid: SessionId): Desk | undefined {
		const desk = this.#desks.get(sid)
		this.#desks.delete(sid)
		return desk
	}

	/** Requests that wait for somebody of that name to come, oldest first. */
	vacant(name: string): readonly Waiter[] {
		return [...(this.#vacant.get(name) ?? [])]
	}

	/** The spawn of an attempt. */
	spawn(stepId: StepId, attempt: number): Waiter | undefined {
		return this.#spawns.get(`${stepId}:${attempt}`)
	}

	add(waiter: Waiter): void {
		const { kind, stepId, attempt } = waiter.request
		if (kind === 'spawn') this.#spawns.set(`${stepId}:${attempt}`, waiter)
		if (waiter.sid !== null) this.desk(waiter.sid).add(waiter)
		else this.#addVacant(waiter)
	}

	address(waiter: Waiter, sid: SessionId): void {
		this.#removeVacant(waiter)
		waiter.sid = sid
		this.desk(sid).add(waiter)
	}

	remove(waiter: Waiter): void {
		const key = `${waiter.request.stepId}:${waiter.request.attempt}`
		if (this.#spawns.get(key) === waiter) this.#spawns.delete(key)
		if (waiter.sid !== null) this.#desks.get(waiter.sid)?.remove(waiter)
		else this.#removeVacant(waiter)
	}

	/** Says anew whether the request merely stands. */
	tellStanding(waiter: Waiter): void {
		tellStanding(waiter, waiter.sid !== null && (this.#desks.get(waiter.sid)?.connection ?? null) !== null)
	}

	#addVacant(waiter: Waiter): void {
		const name = nameOf(waiter.asking)
		const waiters = this.#vacant.get(name) ?? new Set()
		this.#vacant.set(name, waiters.add(waiter))
		waiter.asking.working(false)
	}

	#removeVacant(waiter: Waiter): void {
		const name = nameOf(waiter.asking)
		const waiters = this.#vacant.get(name)
		waiters?.delete(waiter)
		if (waiters?.size === 0) this.#vacant.delete(name)
	}
}
