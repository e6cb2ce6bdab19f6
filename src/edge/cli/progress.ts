import type { Event } from '../../protocol/event.ts'
import { durationText } from './duration.ts'
import type { Style } from './print.ts'

type Paint = (style: Style, text: string) => string
type Line = readonly [word: string, style: Style, rest: string]

/** Longest word, and a space. */
const WORD_WIDTH = 12
const STEP_STYLES: { readonly [status: string]: Style } = { passed: 'green', skipped: 'dim', blocked: 'yellow', cancelled: 'yellow' }

/** The events of a run as lines for people, without a line end. Null for one that says nothing they have not read. */
export function progressLines(paint: Paint): (event: Event) => string | null {
	const steps = new Map<string, InFlight>()
	let startedAt: number | null = null
	return (event) => {
		if (event.kind === 'run.started') startedAt = event.at
		const { step_id: id = '', data } = event
		const step = steps.get(id) ?? { name: typeof data.ref === 'string' ? data.ref : id, reason: '' }
		const line = lineOf(event, step, startedAt === null ? '' : `  ${durationText(event.at - startedAt)}`)
		if (event.kind === 'step.completed') steps.delete(id)
		else if (id !== '') steps.set(id, event.kind === 'attempt.ended' ? { ...step, reason: reasonOf(event) } : step)
		return line && `${paint(line[1], line[0].padEnd(WORD_WIDTH))}${line[2]}`
	}
}

interface InFlight {
	readonly name: string
	/** Why its last attempt failed. */
	readonly reason: string
}

function lineOf(event: Event, { name, reason }: InFlight, took: string): Line | null {
	const { kind, data, run_id: run = '' } = event
	switch (kind) {
		case 'run.started':
			return ['run', 'bold', `${run} of ${data.blueprint ?? data.hash}`]
		case 'run.recovered':
		case 'run.resumed':
			return ['goes on', 'bold', `${run} with ${data.recorded_steps ?? 0} recorded steps`]
		case 'step.dispatched':
			return ['started', 'dim', name]
		case 'attempt.started':
			return Number(data.attempt) > 1 ? ['again', 'yellow', `${name}, attempt ${data.attempt}${reason}`] : null
		case 'request.parked':
			return ['waits', 'yellow', `${name} for an operator`]
		case 'approval.requested':
			return data.kind === 'step_spawn' ? ['waits', 'yellow', `${name} for approval ${data.id}`] : null
		case 'step.completed':
			return stepEnd(event, name)
		case 'run.done':
		case 'run.failed':
		case 'run.cancelled':
		case 'run.interrupted':
			return [kind.slice('run.'.length), kind === 'run.done' ? 'green' : 'red', `${run}${took}${reasonOf(event)}`]
		default:
			return null
	}
}

function stepEnd(event: Event, name: string): Line {
	const { status, attempt, duration_ms: took } = event.data
	const word = String(status)
	const tries = Number(attempt) > 1 ? ` after ${attempt} attempts` : ''
	return [word, STEP_STYLES[word] ?? 'red', `${name}${tries}  ${durationText(Number(took))}${reasonOf(event)}`]
}

/** What is said of a failure, in one line. */
function reasonOf({ data }: Event): string {
	const reason = data.error ?? data.message ?? data.reason
	return typeof reason === 'string' && reason !== '' ? `: ${reason.replaceAll(/\s*\n\s*/g, ' ')}` : ''
}
