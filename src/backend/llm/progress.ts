import type { Attempt } from '../../core/dispatch/backend.ts'
import type { Clock } from '../../kernel/clock.ts'

/** What an agent does while it works, as progress events of its attempt. */
export interface Progress {
	/** A piece of the answer; pieces are gathered so that there are at most two events a second. */
	text(piece: string): Promise<void>
	/** One event of its own, after the text so far. */
	note(stage: string, note: string): Promise<void>
	/** Writes what is still gathered. */
	flush(): Promise<void>
}

const PAUSE_MS = 500
/** Of the gathered text its end is shown: the whole is the value of the step. */
const SHOWN = 2000
/** A model may write for hours; its attempt's tail stays bounded. */
const MOST_EVENTS = 2000

/** `redact` takes the secrets out of notes, which may quote what went wrong. */
export function newProgress(attempt: Pick<Attempt, 'emit'>, clock: Clock, redact: (text: string) => string): Progress {
	let gathered = ''
	let last = clock.now()
	let events = 0
	const say = async (stage: string, note: string): Promise<void> => {
		if (events++ >= MOST_EVENTS) return
		last = clock.now()
		await attempt.emit({ type: 'progress', stage, note })
	}
	const flush = async (): Promise<void> => {
		if (gathered === '') return
		const text = gathered
		gathered = ''
		await say('text', text)
	}
	return {
		flush,
		async text(piece) {
			gathered = (gathered + piece).slice(-SHOWN)
			if (clock.now() - last >= PAUSE_MS) await flush()
		},
		async note(stage, note) {
			await flush()
			await say(stage, redact(note).slice(0, SHOWN))
		},
	}
}
