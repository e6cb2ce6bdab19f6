import type { Static } from '@sinclair/typebox'
import type { RunRecord } from '../../../protocol/run.ts'
import type { SteeredSchema, SteerManyBody } from '../../../protocol/steer.ts'

export type Steered = Static<typeof SteeredSchema>

export interface RunFilter {
	readonly status: string
	readonly phase: string
	readonly blueprint: string
}

/** The filter of the list as the server takes it. A phase is known to the list alone, so its runs are named. */
export function bulkFilter({ status, phase, blueprint }: RunFilter, shown: readonly Pick<RunRecord, 'id'>[]): SteerManyBody {
	if (phase !== '') return { run_ids: shown.map(({ id }) => id) }
	const given = {
		...(status !== '' && { status: status as RunRecord['status'] }),
		...(blueprint !== '' && { blueprint }),
	}
	return Object.keys(given).length === 0 ? { all: true } : given
}

/** Which runs that is, in words. */
export function meantText({ status, phase, blueprint }: RunFilter, count: number): string {
	const kind = phase === '' ? status : phase.replaceAll('_', ' ')
	const which = phase === '' ? 'all' : `these ${count}`
	return `${which}${kind === '' ? '' : ` ${kind}`} runs${blueprint === '' ? '' : ` of ${blueprint}`}`
}

const DONE = { pause: 'paused', resume: 'resumed', cancel: 'cancelled' } as const

/** What became of it; the first refusal stands for the others. */
export function bulkText(verb: keyof typeof DONE, { changed, refused }: Steered): string {
	const done = `${changed.length} ${changed.length === 1 ? 'run was' : 'runs were'} ${DONE[verb]}.`
	const [first] = refused
	if (first === undefined) return done
	return `${done} ${refused.length} ${refused.length === 1 ? 'was left as it is' : 'were left as they are'}: ${first.error}`
}
