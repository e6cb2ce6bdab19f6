import { isJsonObject } from '../../kernel/json.ts'
import type { Logger } from '../../kernel/log.ts'
import type { ProtocolEvent } from '../../protocol/runtime-frame.ts'
import type { WorkerStore } from './store.ts'

type Listener = (event: ProtocolEvent) => void

export interface VoiceDeps {
	readonly store: Pick<WorkerStore, 'publish'>
	readonly log: Logger
}

const NONE: readonly ProtocolEvent[] = []

/** How one life of an execution is heard. There is one for each worker, so it holds nothing while nothing is said. */
export class Voice {
	readonly #deps: VoiceDeps
	readonly #workerId: string
	#generation: number | null = null
	#isOver = false
	#early: readonly ProtocolEvent[] = NONE
	#unfinished = ''
	#last: Promise<unknown> | null = null
	#listeners: Set<Listener> | null = null

	/** Nothing is written before `begin`: until then its worker may have no row. */
	constructor(deps: VoiceDeps, workerId: string) {
		this.#deps = deps
		this.#workerId = workerId
	}

	publish(event: ProtocolEvent): void {
		if (this.#isOver) return
		if (this.#generation === null) this.#early = [...this.#early, event]
		else this.#write(event, this.#generation)
	}

	begin(generation: number): void {
		this.#generation = generation
		for (const event of this.#early) this.#write(event, generation)
		this.#early = NONE
	}

	/** Resolves once everything published so far is on disk. */
	async flushed(): Promise<void> {
		await this.#last
	}

	/** Text that was begun and is not done. */
	get unfinished(): string {
		return this.#unfinished
	}

	/** Calls back with each event as it is published; what it returns ends that. */
	listen(listener: Listener): () => void {
		this.#listeners ??= new Set()
		this.#listeners.add(listener)
		return () => void this.#listeners?.delete(listener)
	}

	/** From now on nothing is heard; listeners are told by `shutdown`. */
	end(): void {
		if (this.#isOver) return
		this.#isOver = true
		for (const listener of this.#listeners ?? []) listener({ event: 'shutdown' })
	}

	#write(event: ProtocolEvent, generation: number): void {
		const { store, log } = this.#deps
		const written = store
			.publish(this.#workerId, generation, event)
			.catch((cause: unknown) => log.error('what a worker said was lost', { worker: this.#workerId, cause }))
			.finally(() => {
				if (this.#last === written) this.#last = null
			})
		this.#last = written
		if (event.event === 'text_delta') this.#unfinished += deltaOf(event)
		else if (ENDS.includes(event.event)) this.#unfinished = ''
		for (const listener of this.#listeners ?? []) listener(event)
	}
}

const ENDS = ['text_done', 'run_end', 'error']
const deltaOf = ({ data }: ProtocolEvent): string => (isJsonObject(data) && typeof data.text === 'string' ? data.text : '')
