import type { Event } from '../../../src/protocol/event.ts'
import type { Asked } from './operator.ts'

const text = (value: unknown): string => String(value)

/**
 * What must never be in the log of a run, in sentences; empty for a good one. `step.completed` is the moment at which the
 * outcome of a step was recorded: nothing of that step may begin after it, and there is one for each position.
 */
export function faultsOfLog(events: readonly Event[]): string[] {
	const faults: string[] = []
	const recorded = new Map<string, Event>()
	const positions = new Map<string, string>()
	for (const event of events) {
		const { kind, step_id: step, data, seq } = event
		if (step === undefined) continue
		const before = recorded.get(step)
		if (kind === 'step.input_changed') faults.push(`${step} got another input in a later life (${seq})`)
		if (before && BEGINNINGS.has(kind)) faults.push(`${kind} (${seq}) of ${step} comes after its outcome was recorded (${before.seq})`)
		if (kind === 'step.dispatched' || kind === 'step.completed') {
			const owner = positions.get(text(data.position)) ?? step
			if (owner !== step) faults.push(`position ${text(data.position)} was dispatched as ${owner} and as ${step}`)
			positions.set(text(data.position), step)
		}
		if (kind !== 'step.completed') continue
		if (before) faults.push(`${step} completed twice (${before.seq}, ${seq})`)
		recorded.set(step, event)
	}
	return [...faults, ...faultsOfOrder(events)]
}

/** As `faultsOfLog`, for a log of many runs. */
export function faultsOfRuns(log: readonly Event[]): string[] {
	const runs = [...Map.groupBy(log, ({ run_id }) => run_id)]
	return runs.flatMap(([run, events]) => (run === undefined ? [] : faultsOfLog(events).map((fault) => `${run}: ${fault}`)))
}

const BEGINNINGS: ReadonlySet<string> = new Set(['step.dispatched', 'attempt.started', 'request.sent', 'request.parked'])

function faultsOfOrder(events: readonly Event[]): string[] {
	return events.flatMap(({ seq }, index) => {
		const before = events[index - 1]?.seq ?? 0
		return seq > before ? [] : [`event ${seq} comes after ${before}`]
	})
}

/** A child process that started, as it wrote itself into the journal of its folder. */
interface Started {
	readonly key: string
	readonly step: string
	readonly attempt: number
}

/**
 * What must never be in the journal that `lane.sh` keeps: two attempts of one step at a time, one attempt started twice, or
 * one that the server had not written down before.
 */
export function faultsOfChildren(journal: string, events: readonly Event[]): string[] {
	const lines = journal.split('\n').filter((line) => line !== '')
	const overlaps = lines.filter((line) => line.startsWith('overlap '))
	const started = lines.filter((line) => line.startsWith('start ')).map(toStarted)
	const known = new Set(events.filter(({ kind }) => kind === 'attempt.started').map(({ step_id, data }) => `${step_id}:${data.attempt}`))
	const twice = started.filter(isRepeated(({ key }) => key))
	const unknown = started.filter(({ step, attempt }) => !known.has(`${step}:${attempt}`))
	return [
		...overlaps,
		...twice.map(({ key }) => `${key} started twice`),
		...unknown.map(({ key }) => `${key} started and is not in the log`),
	]
}

/** Double work, as an operator that does each request once saw it. */
export function faultsOfOperator(asked: readonly Asked[]): string[] {
	const worked = asked.filter(({ works }) => works > 0).map(({ frame }) => frame.task_id)
	return [
		...asked.filter(({ works }) => works > 1).map(({ frame }) => `${frame.req_id} was worked on twice`),
		...worked.filter(isRepeated((step) => step)).map((step) => `${step} was asked for twice`),
	]
}

/** Says of each item whether one with the same key came before. */
function isRepeated<T>(keyOf: (item: T) => string): (item: T) => boolean {
	const seen = new Set<string>()
	return (item) => seen.size === seen.add(keyOf(item)).size
}

function toStarted(line: string): Started {
	const [, key = ''] = line.split(' ')
	const [, step = '', attempt = ''] = key.split(':')
	return { key, step, attempt: Number(attempt) }
}
