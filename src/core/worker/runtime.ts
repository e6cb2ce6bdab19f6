import { MseError, messageOf } from '../../kernel/error.ts'
import type { WorkerExecutionResult } from '../../protocol/runtime.ts'
import type { ProtocolEvent, ProtocolMethod } from '../../protocol/runtime-frame.ts'
import type { CreateWorker, WorkerInput } from '../../protocol/runtime-worker.ts'
import { admit, checkInput } from './admission.ts'
import { accepted, refused } from './execution.ts'
import { executionRejected, executionUnavailable, invalidRequest, messageOfResult, workerNotFound } from './failure.ts'
import { profileNameOf } from './profile.ts'
import { newSerial } from './serial.ts'
import { SNAPSHOT_LINES, snapshotOf } from './snapshot.ts'
import { type Live, type StartDeps, startExecution, takeUp, writeWorker } from './start.ts'
import type { Acked } from './store.ts'
import type { Voice } from './voice.ts'
import type { WorkerRecord } from './worker.ts'

export interface RuntimeDeps extends StartDeps {
	readonly runtimeId: string
	readonly defaultProfile: string
}

/** So many are started at a time after a restart. */
const RESTORED_AT_ONCE = 256

/** The authority over long-lived workers: what happens to one worker happens one thing at a time. */
export class WorkerRuntime {
	readonly #deps: RuntimeDeps
	readonly #live = new Map<string, Live>()
	/** Workers that this life created and that hold nothing before their first turn. */
	readonly #resting = new Set<string>()
	readonly #serial = newSerial()
	#restoring: Promise<unknown> = Promise.resolve()

	constructor(deps: RuntimeDeps) {
		this.#deps = deps
	}

	/** Starts the executions of workers that an earlier life of the server left running. What cannot be started is told by a diagnostic. */
	restore(): Promise<{ restored: number; failed: number }> {
		const restoring = this.#restore()
		this.#restoring = restoring.catch((cause: unknown) => this.#deps.log.error('workers could not be started again', { cause }))
		return restoring
	}

	/** With a key, a second call that means the same gets the first worker. Throws `worker_execution_rejected`, and leaves no row. */
	create(request: CreateWorker, key?: { readonly name: string; readonly fingerprint: string }): Promise<WorkerRecord> {
		return key === undefined ? this.#create(request, key) : this.#serial(`key ${key.name}`, () => this.#create(request, key))
	}

	/** Throws `worker_not_found`. */
	async require(id: string): Promise<WorkerRecord> {
		const record = await this.#deps.store.find(id)
		if (record === null) throw workerNotFound(id, this.#deps.runtimeId)
		return record
	}

	/** Resolves once the turn is on disk and its work has begun. `watch` is called in between, to hear all that comes of it. */
	async input(id: string, input: WorkerInput, watch?: (listen: Voice['listen']) => void): Promise<Acked & { readonly sequence: number }> {
		await checkInput(input, this.#deps.attachments.has)
		return this.#serial(id, () => this.#dispatch(id, input, watch))
	}

	/** Ends a worker for good. The first end stands; later ones are told what it was. */
	end(id: string, status: 'stopped' | 'cancelled', reason: string | null): Promise<Acked> {
		return this.#serial(id, async () => {
			const record = await this.require(id)
			const result = record.status === 'running' ? await this.#endExecution(record, status, reason) : null
			const acked = await this.#deps.store.end(id, status, result, reason)
			if (acked === null) throw workerNotFound(id, this.#deps.runtimeId)
			await this.#release(id)
			return acked
		})
	}

	/** Throws `worker_running` unless `force` is set, which ends it at once. */
	remove(id: string, force: boolean): Promise<void> {
		return this.#serial(id, async () => {
			const record = await this.require(id)
			if (record.status === 'running' && !force)
				throw new MseError('conflict', `worker ${id} is running and must be stopped before deletion`, { code: 'worker_running' })
			await this.#live.get(id)?.execution.cancel?.('deleted')
			await this.#release(id)
			await this.#deps.store.remove(id)
		})
	}

	/** Hands a protocol method to a worker's execution; false where that does not know it. */
	method(id: string, method: ProtocolMethod): Promise<boolean> {
		return this.#serial(id, async () => (await this.#live.get(id)?.execution.method?.(method)) ?? false)
	}

	/** How the worker stands, for a new observer. */
	async snapshot(id: string): Promise<ProtocolEvent> {
		const record = await this.require(id)
		const start = Math.max(0, record.transcriptLength - SNAPSHOT_LINES)
		const { lines } = await this.#deps.store.transcript(id, start, SNAPSHOT_LINES)
		return snapshotOf(record, lines, this.#live.get(id)?.voice.unfinished ?? '')
	}

	/** Calls back with what a worker says, as it says it; `shutdown` when its execution is over. Null when it has none. */
	listen(id: string, listener: (event: ProtocolEvent) => void): (() => void) | null {
		return this.#live.get(id)?.voice.listen(listener) ?? null
	}

	/** Resolves once everything a worker said so far is on disk. */
	async flushed(id: string): Promise<void> {
		await this.#live.get(id)?.voice.flushed()
	}

	/** Lets go of all executions; the next life starts them again. */
	async stop(): Promise<void> {
		await this.#restoring
		await Promise.all([...this.#live.keys()].map((id) => this.#release(id)))
	}

	async #restore(): Promise<{ restored: number; failed: number }> {
		let failed = 0
		const restoreOne = async (record: WorkerRecord): Promise<void> => {
			try {
				// A turn may have come first and started it.
				if (!this.#live.has(record.id)) await this.#attach(record)
			} catch (error) {
				failed++
				const draft = { severity: 'warning', code: 'worker_execution_restore_failed', message: messageOf(error) } as const
				await this.#deps.store.addDiagnostic(draft, record.id)
			}
		}
		let taken = 0
		for (let after = ''; ; ) {
			const page = await this.#deps.store.list({ status: 'running', after, limit: RESTORED_AT_ONCE })
			const due = page.filter((record) => !this.#rests(record))
			await Promise.all(due.map((record) => this.#serial(record.id, () => restoreOne(record))))
			taken += due.length
			after = page.at(-1)?.id ?? ''
			if (page.length < RESTORED_AT_ONCE) return { restored: taken - failed, failed }
		}
	}

	/** There is nothing to start before the next turn. */
	#rests({ profile, execution }: WorkerRecord): boolean {
		const found = this.#deps.profiles.find(profile)
		return found?.rests === true && found.unavailable() === null && execution.run_state === 'idle'
	}

	async #create(request: CreateWorker, key: { readonly name: string; readonly fingerprint: string } | undefined): Promise<WorkerRecord> {
		const { store, defaultProfile } = this.#deps
		const earlier = key && (await store.byKey(key.name))
		if (earlier && earlier.fingerprint === key?.fingerprint) return earlier.record
		if (earlier) throw new MseError('invalid', 'This Idempotency-Key created a worker of another kind.', { code: 'idempotency_mismatch' })
		await admit(store, request)
		if (request.initial_input) await checkInput(request.initial_input, this.#deps.attachments.has)
		const profile = profileNameOf(request.profile, defaultProfile)
		const id = await store.nextId()
		const live = await startExecution(this.#deps, { id, request, profile }, 1, false)
		const first = request.initial_input ?? null
		try {
			const answer = first && (await live.execution.input(first))
			if (answer && 'outcome' in answer) throw executionRejected(id, answer)
			const sequence = await writeWorker(store, { id, request, profile, key }, first, answer)
			if (first === null && this.#deps.profiles.find(profile)?.rests) {
				// There may be very many of these, so nothing of them stays but the name.
				this.#resting.add(id)
				await live.execution.close()
			} else {
				this.#live.set(id, live)
				live.voice.begin(1)
				answer?.begin(sequence)
			}
		} catch (error) {
			await live.execution.close()
			throw error
		}
		return this.require(id)
	}

	async #dispatch(
		id: string,
		input: WorkerInput,
		watch?: (listen: Voice['listen']) => void,
	): Promise<Acked & { readonly sequence: number }> {
		const { store } = this.#deps
		const record = await this.require(id)
		if (record.status !== 'running') throw invalidRequest(`worker ${id} is not running`)
		if (this.#live.get(id)?.execution.ended?.()) await this.#release(id)
		const { execution, generation, voice } = this.#live.get(id) ?? (await this.#attach(record))
		const answer = await execution.input(input)
		if ('outcome' in answer) {
			await store.recordRefusal(id, withMessage(answer))
			throw executionRejected(id, answer)
		}
		const acked = await store.acceptInput(id, generation, input, accepted('input', answer.runState))
		if (acked === null) throw invalidRequest(`worker ${id} is not running`)
		watch?.((listener) => voice.listen(listener))
		answer.begin(acked.sequence)
		return acked
	}

	/** Starts the execution of a worker that rests or lived before; a turn that it cannot go on with is told as an error. */
	async #attach(record: WorkerRecord): Promise<Live> {
		const { store } = this.#deps
		const isFirst = this.#resting.delete(record.id)
		const generation = isFirst ? record.generation : await store.beginGeneration(record.id)
		if (generation === null) throw invalidRequest(`worker ${record.id} is not running`)
		try {
			const live = await startExecution(this.#deps, record, generation, !isFirst)
			const goesOn = record.execution.run_state === 'busy' && live.execution.resume !== undefined
			if (!isFirst) await store.setExecution(record.id, generation, { backend: 'connected', run_state: goesOn ? 'busy' : 'idle' })
			this.#live.set(record.id, live)
			live.voice.begin(generation)
			if (record.execution.run_state === 'busy') takeUp(live, record.turn)
			return live
		} catch (error) {
			await store.setExecution(record.id, generation, { backend: 'unconnected', run_state: 'unconnected' })
			throw executionUnavailable(record.id, messageOf(error))
		}
	}

	/** Null when nothing runs. Throws when the execution does not want to end. */
	async #endExecution(record: WorkerRecord, status: 'stopped' | 'cancelled', reason: string | null): Promise<WorkerExecutionResult | null> {
		const { id } = record
		const live = this.#live.get(id)
		const operation = status === 'stopped' ? 'stop' : 'cancel'
		if (live === undefined) return this.#rests(record) ? accepted(operation, 'stopped') : null
		const message = `execution backend does not support ${operation === 'stop' ? 'stopping' : 'cancelling'} workers`
		const result = (await live.execution[operation]?.(reason)) ?? refused(operation, 'unsupported', message)
		await live.voice.flushed()
		if (result.outcome === 'accepted') return result
		await this.#deps.store.recordRefusal(id, withMessage(result))
		throw executionRejected(id, result)
	}

	async #release(id: string): Promise<void> {
		this.#resting.delete(id)
		const live = this.#live.get(id)
		if (live === undefined) return
		this.#live.delete(id)
		live.voice.end()
		await live.execution.close()
	}
}

const withMessage = (result: WorkerExecutionResult): WorkerExecutionResult => ({ ...result, message: messageOfResult(result) })
