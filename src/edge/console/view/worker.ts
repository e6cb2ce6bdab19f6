import { isJsonObject, type JsonObject } from '../../../kernel/json.ts'
import type { Event } from '../../../protocol/event.ts'
import type { WorkerIntent } from '../../../protocol/runtime.ts'
import type { WorkerDetail, WorkerSummary } from '../../../protocol/runtime-worker.ts'

/** What a worker is called by people: its name, else what it is for, else its id. */
export function workerTitle({ display_name, intent, worker_id }: Pick<WorkerSummary, 'display_name' | 'intent' | 'worker_id'>): string {
	return display_name ?? intentText(intent) ?? worker_id
}

/** Why it exists; null where nobody said. */
export function intentText(intent: WorkerIntent): string | null {
	if (intent.kind === 'task') return intent.objective
	if (intent.kind === 'assistant') return intent.purpose ?? null
	return intent.purpose ? `${intent.role}: ${intent.purpose}` : intent.role
}

/** How it stands: what it does while it is there, else how it ended. */
export const workerWord = ({ status, execution }: Pick<WorkerDetail, 'status' | 'execution'>): string =>
	status === 'running' ? execution.run_state : status

/** Something that a worker did besides talking. */
export interface Happening {
	readonly seq: number
	readonly at: number
	readonly name: string
	readonly text: string
}

/** What is heard of a worker while somebody watches. */
export interface Heard {
	/** What it said of its present turn so far. */
	readonly saying: string
	/** The newest last. */
	readonly happenings: readonly Happening[]
}

export const SILENCE: Heard = { saying: '', happenings: [] }

const MOST_HAPPENINGS = 50
const LONGEST_TEXT = 400

/** One more event of the worker; those that say nothing new leave what was heard as it is. */
export function hear(heard: Heard, { seq, at, kind, data }: Pick<Event, 'seq' | 'at' | 'kind' | 'data'>): Heard {
	if (kind !== 'worker.observed' || !isJsonObject(data.payload)) return heard
	const { event, data: said } = data.payload
	const about = isJsonObject(said) ? said : {}
	if (event === 'text_delta') return { ...heard, saying: heard.saying + String(about.text ?? '') }
	// What is part of the transcript stands there.
	if (event === 'text_done') return { ...heard, saying: '' }
	if (event === 'user_message' || event === 'system_item') return heard
	const happening = { seq, at, name: String(event), text: happeningText(about) }
	const isEnd = event === 'run_end' || event === 'error'
	return { saying: isEnd ? '' : heard.saying, happenings: [...heard.happenings, happening].slice(-MOST_HAPPENINGS) }
}

function happeningText(about: JsonObject): string {
	if (Object.keys(about).length === 0) return ''
	const text = typeof about.message === 'string' ? about.message : JSON.stringify(about)
	return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text
}

/** Whether a transcript or a state of that worker may be another one now; pieces of text are heard, not read. */
export const touchesWorker =
	(id: string) =>
	({ kind, worker, data }: Event): boolean =>
		worker === id && !(kind === 'worker.observed' && isJsonObject(data.payload) && data.payload.event === 'text_delta')
