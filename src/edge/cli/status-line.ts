import type { Clock } from '../../kernel/clock.ts'
import type { Event } from '../../protocol/event.ts'
import type { Terminal } from './command.ts'
import { durationText } from './duration.ts'
import type { Style } from './print.ts'

type Paint = (style: Style, text: string) => string

/** A last line that says what is being worked on and for how long. Nothing where stderr is no terminal. */
export interface StatusLine {
	/** Writes text above it. */
	readonly above: (text: string) => void
	readonly take: (event: Event) => void
	/** Takes it away; may be called twice. */
	readonly close: () => void
}

const EVERY_MS = 1000
const SHOWN_STEPS = 3
/** A line that wraps could not be taken away again. */
const COLUMNS = 79
const CLEAR = '\r\x1b[K'

export function statusLine({ err, errLive }: Terminal, paint: Paint, clock: Clock): StatusLine {
	if (!errLive) return { above: err, take() {}, close() {} }
	const steps = new Map<string, { readonly name: string; readonly at: number }>()
	const draw = (): void => err(CLEAR + (steps.size === 0 ? '' : paint('dim', workText([...steps.values()], clock.now()))))
	let disarm = (): void => {}
	const tick = (): void => {
		draw()
		disarm = clock.after(EVERY_MS, tick)
	}
	tick()
	return {
		above(text) {
			err(CLEAR + text)
			draw()
		},
		take({ kind, step_id: id = '', at, data }) {
			if (kind === 'step.dispatched') steps.set(id, { name: String(data.ref), at })
			if (kind === 'step.completed') steps.delete(id)
		},
		close() {
			disarm()
			disarm = () => {}
			steps.clear()
			err(CLEAR)
		},
	}
}

function workText(steps: readonly { readonly name: string; readonly at: number }[], now: number): string {
	const shown = steps.slice(0, SHOWN_STEPS).map(({ name, at }) => `${name} (${durationText(Math.max(0, now - at))})`)
	const rest = steps.length > SHOWN_STEPS ? ` and ${steps.length - SHOWN_STEPS} more` : ''
	return `working on ${shown.join(', ')}${rest}`.slice(0, COLUMNS)
}
