import { isJsonObject } from '../../kernel/json.ts'
import type { Logger } from '../../kernel/log.ts'
import type { ProtocolEvent } from '../../protocol/runtime-frame.ts'
import type { WorkerStore } from './store.ts'

/** How one life of an execution is heard. */
export type Voice = ReturnType<typeof newVoice>

/** Nothing is written before `begin`: until then its worker may have no row. */
export function newVoice(store: Pick<WorkerStore, 'publish'>, workerId: string, log: Logger) {
	let generation: number | null = null
	let isOver = false
	let early: ProtocolEvent[] = []
	let unfinished = ''
	let last: Promise<unknown> = Promise.resolve()
	const listeners = new Set<(event: ProtocolEvent) => void>()
	const write = (event: ProtocolEvent, of: number): void => {
		last = store
			.publish(workerId, of, event)
			.catch((cause: unknown) => log.error('what a worker said was lost', { worker: workerId, cause }))
		unfinished = event.event === 'text_delta' ? unfinished + deltaOf(event) : ENDS.includes(event.event) ? '' : unfinished
		for (const listener of listeners) listener(event)
	}
	return {
		publish(event: ProtocolEvent): void {
			if (isOver) return
			if (generation === null) early.push(event)
			else write(event, generation)
		},
		begin(of: number): void {
			generation = of
			for (const event of early) write(event, of)
			early = []
		},
		/** Resolves once everything published so far is on disk. */
		flushed: async (): Promise<void> => void (await last),
		/** Text that was begun and is not done. */
		unfinished: (): string => unfinished,
		/** Calls back with each event as it is published; what it returns ends that. */
		listen(listener: (event: ProtocolEvent) => void): () => void {
			listeners.add(listener)
			return () => listeners.delete(listener)
		},
		/** From now on nothing is heard; listeners are told by `shutdown`. */
		end(): void {
			if (isOver) return
			isOver = true
			for (const listener of listeners) listener({ event: 'shutdown' })
		},
	}
}

const ENDS = ['text_done', 'run_end', 'error']
const deltaOf = ({ data }: ProtocolEvent): string => (isJsonObject(data) && typeof data.text === 'string' ? data.text : '')
