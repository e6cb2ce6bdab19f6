import type { RunRecord, StepEntry } from '../../protocol/run.ts'
import { durationText } from './duration.ts'
import { type Style, table } from './print.ts'
import { runFailure } from './run-exit.ts'

type Paint = (style: Style, text: string) => string

const STYLES: { readonly [status: string]: Style } = {
	done: 'green',
	passed: 'green',
	running: 'cyan',
	failed: 'red',
	blocked: 'yellow',
	cancelled: 'yellow',
	interrupted: 'yellow',
}
const SHORT_HASH = 12

/** Runs as a table. */
export function runList(runs: readonly RunRecord[], paint: Paint): string {
	const head = ['RUN', 'STATUS', 'BLUEPRINT', 'STEPS', 'STARTED', 'TOOK'].map((title) => paint('dim', title))
	const rows = runs.map((run) => [
		run.id,
		painted(statusOf(run), run.status, paint),
		run.blueprint_id ?? run.version.slice(0, SHORT_HASH),
		String(run.step_entries.length),
		timeText(run.created_at),
		tookText(run),
	])
	return runs.length === 0 ? 'no runs' : table([head, ...rows])
}

/** One run, its seats and its steps. */
export function runDetail(run: RunRecord, paint: Paint): string {
	const seats = Object.entries(run.current).map(([slot, { op, desc }]) => ['seat', `${slot}: ${op} (${desc})`])
	const facts = [
		['run', run.id],
		['status', painted(statusOf(run), run.status, paint)],
		['task', run.task_id],
		['blueprint', `${run.blueprint_id ?? 'inline'} ${run.version.slice(0, SHORT_HASH)}`],
		['started', `${timeText(run.created_at)}${tookText(run) === '' ? '' : `, took ${tookText(run)}`}`],
		...(run.generation > 1 ? [['generation', String(run.generation)]] : []),
		...seats,
		...(run.approvals ?? []).map(({ id, age_secs }) => ['waits for', `approval ${id}, asked ${durationText(age_secs * 1000)} ago`]),
		...(run.status === 'done' || run.result_ref === null ? [] : [['reason', runFailure(run).message]]),
	]
	const parts = [table(facts.map(([name = '', ...rest]) => [paint('dim', name), ...rest]))]
	return [...parts, ...(run.step_entries.length === 0 ? [] : [stepTable(run.step_entries, paint)])].join('\n\n')
}

function stepTable(steps: readonly StepEntry[], paint: Paint): string {
	const head = ['STEP', 'STATUS', 'ATTEMPT', 'TOOK', 'POSITION', 'ID', 'ERROR'].map((title) => paint('dim', title))
	const rows = steps.map((step) => [
		step.step_ref ?? '',
		painted(step.status ?? 'running', step.status ?? 'running', paint),
		String(step.attempt ?? ''),
		step.duration_ms === undefined ? '' : durationText(step.duration_ms),
		step.position,
		step.step_id,
		step.error?.message.split('\n')[0] ?? '',
	])
	return table([head, ...rows])
}

const painted = (text: string, status: string, paint: Paint): string => paint(STYLES[status] ?? 'dim', text)
const statusOf = ({ status, phase }: RunRecord): string => (phase === null || phase === status ? status : `${status}, ${phase}`)
const timeText = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000', '')

/** Nothing while it goes on; whole seconds are all the wire has. */
function tookText({ status, created_at, updated_at }: RunRecord): string {
	if (status === 'running' || status === 'pending') return ''
	return updated_at > created_at ? durationText((updated_at - created_at) * 1000) : 'under 1 s'
}
