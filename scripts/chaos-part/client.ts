import type { RunRecord } from '../../src/protocol/run.ts'
import type { LaunchReply } from '../../src/protocol/task.ts'
import { call, callUntilAnswered } from '../../test/e2e/support/api.ts'
import { eventually } from '../../test/support/eventually.ts'
import type { ClientJournal } from './journal.ts'
import { childFolder, type Load, loads } from './load.ts'

export interface ClientOptions {
	readonly url: string
	readonly journal: ClientJournal
	/** Where the children of runs get their folders. */
	readonly place: string
	random(): number
	/** A number nobody had before. */
	next(): number
	readonly left: AbortSignal
}

const POLL_MS = 20
/** A run that takes so long counts as stuck; its client goes on. */
const LONGEST_RUN_MS = 60_000

/** Launches one run after another until it is to leave, and notes what is acknowledged. */
export async function keepLaunching(options: ClientOptions): Promise<void> {
	while (!options.left.aborted) {
		const n = options.next()
		const kind = loads[Math.floor(options.random() * loads.length)] ?? loads[0]
		const load = kind?.(n)
		const runId = load && (await launch(options, load, n))
		if (!load || !runId) await Bun.sleep(POLL_MS)
		else if (load.expected === null) await callOff(options, runId)
		else await watch(options, runId)
	}
}

/** The id of the run; null when its Blueprint could not be stored. */
async function launch({ url, journal, place }: ClientOptions, load: Load, n: number): Promise<string | null> {
	const reference = load.byId ? await store(url, journal, load) : { kind: 'inline', value: load.blueprint }
	if (reference === null) return null
	const json = { blueprint: reference, init_ctx: load.initCtx, work_dir: childFolder(place, n), detach: true }
	// An answer that was lost with its server is asked for again, and must not make another run.
	const headers = { 'idempotency-key': `launch-${n}` }
	const answer = await callUntilAnswered<LaunchReply>('POST', `${url}/v1/tasks`, { json, headers })
	if (answer.status !== 202) throw new Error(`a launch of ${load.name} was answered with ${answer.status} ${JSON.stringify(answer.body)}`)
	const { run_id: run, task_id: task } = answer.body
	journal.note({ kind: 'launch', run, task, load: load.name, expected: load.expected })
	return run
}

async function store(url: string, { note }: ClientJournal, { blueprint }: Load): Promise<object | null> {
	const { id } = blueprint as { id: string }
	const answer = await call<{ version: string }>('POST', `${url}/v1/blueprints/${id}`, { json: blueprint }).catch(() => null)
	if (answer === null) return null
	if (answer.status >= 300) throw new Error(`a commit was answered with ${answer.status} ${JSON.stringify(answer.body)}`)
	note({ kind: 'commit', id, version: answer.body.version })
	return { kind: 'id', id }
}

/** Waits until the run has ended, and notes how: that is final. */
async function watch({ url, journal, left }: ClientOptions, run: string): Promise<void> {
	const end = performance.now() + LONGEST_RUN_MS
	while (!left.aborted && performance.now() < end) {
		const answer = await call<RunRecord>('GET', `${url}/v1/runs/${run}`).catch(() => null)
		if (answer && answer.status !== 200) throw new Error(`run ${run} was answered with ${answer.status}`)
		if (answer && ['done', 'failed', 'cancelled'].includes(answer.body.status))
			return journal.note({ kind: 'ended', run, status: answer.body.status, result: answer.body.result_ref })
		await Bun.sleep(POLL_MS)
	}
}

/** Cancels until that is acknowledged. */
async function callOff({ url, journal, random }: ClientOptions, run: string): Promise<void> {
	await Bun.sleep(random() * 200)
	const cancelled = async (): Promise<boolean> => {
		const { status } = await callUntilAnswered('POST', `${url}/v1/runs/${run}/cancel`)
		if (status >= 500) throw new Error(`a cancel was answered with ${status}`)
		return status < 300 || (await callUntilAnswered<RunRecord>('GET', `${url}/v1/runs/${run}`)).body.status === 'cancelled'
	}
	await eventually(cancelled, { within: LONGEST_RUN_MS, what: `run ${run} is called off` })
	journal.note({ kind: 'cancel', run })
}
