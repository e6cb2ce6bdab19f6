import { constants } from 'node:os'
import { type RunRecord, runStatuses } from '../../../protocol/run.ts'
import { type MseClient, pathId } from '../../client/client.ts'
import { followRun } from '../../client/follow-run.ts'
import type { Command, Invocation } from '../command.ts'
import { connect, connectionFlags } from '../connection.ts'
import { EXIT, usageError } from '../exit-code.ts'
import { type Flags, isOn, lastOf } from '../flag.ts'
import { painter, printJson } from '../print.ts'
import { progressLines } from '../progress.ts'
import { runExitCode, runFailureText } from '../run-exit.ts'
import { runDetail, runList } from '../run-view.ts'

export const runsCommand: Command = {
	name: 'runs',
	summary: 'List, show, follow, cancel and resume the runs of a server',
	usage: 'ls|show|tail|cancel|resume [RUN] [flags]',
	positionals: 2,
	flags: [
		...connectionFlags,
		{ name: 'json', placeholder: null, doc: 'print JSON (tail: a line for each event)' },
		{ name: 'status', placeholder: 'STATUS', doc: `ls: only runs that are ${runStatuses.join(', ')}` },
		{ name: 'task', placeholder: 'TASK', doc: 'ls: only runs of that task' },
		{ name: 'limit', placeholder: 'N', doc: 'ls: at most so many, newest first (default 20)' },
		{ name: 'from-start', placeholder: null, doc: 'tail: what happened so far, too' },
	],
	details: `  ls            the newest runs
  show RUN      one run with its steps
  tail RUN      what happens in a run until it ends; the exit code says how: 0 done, 1 failed, 3 cancelled, 4 timed out
  cancel RUN    end a run and its work
  resume RUN    let an interrupted or paused run go on`,
	async run(invocation) {
		const [verb = '', id] = invocation.positionals
		const client = connect(invocation)
		if (verb === 'ls') return list(client, invocation)
		const action = ACTIONS[verb]
		if (action === undefined) throw usageError(`There is no "runs ${verb}".`, `Usage: mse-server runs ${runsCommand.usage}`)
		if (!id) throw usageError(`Which run? mse-server runs ${verb} RUN`, '`mse-server runs ls` lists them.')
		return action(client, id, invocation)
	},
}

type Action = (client: MseClient, id: string, invocation: Invocation) => Promise<number>

const ACTIONS: { readonly [verb: string]: Action } = { show, tail, cancel, resume }

const DEFAULT_LIMIT = 20

async function list(client: MseClient, invocation: Invocation): Promise<number> {
	const { flags, out } = invocation
	const task = lastOf(flags, 'task')
	const status = readStatus(flags)
	const query = { limit: readLimit(flags), ...(status && { status }), ...(task && { task_id: task }) }
	const { runs } = await client.answer(client.v1.runs.get({ query }))
	if (isOn(flags, 'json')) printJson(invocation, runs)
	else out(`${runList(runs, painter(invocation))}\n`)
	return EXIT.done
}

async function show(client: MseClient, id: string, invocation: Invocation): Promise<number> {
	const run = await readRun(client, id)
	if (isOn(invocation.flags, 'json')) printJson(invocation, run)
	else invocation.out(`${runDetail(run, painter(invocation))}\n`)
	return EXIT.done
}

/** The first signal ends the watching and leaves the run alone. */
async function tail(client: MseClient, id: string, invocation: Invocation): Promise<number> {
	const { flags, out } = invocation
	const toLine = progressLines(painter(invocation))
	const left = new AbortController()
	void invocation.nextSignal().then((signal) => left.abort(signal))
	const run = await followRun(client, id, {
		from: isOn(flags, 'from-start') ? 'start' : 'now',
		signal: left.signal,
		onEvent(event) {
			const line = isOn(flags, 'json') ? JSON.stringify(event) : toLine(event)
			if (line !== null) out(`${line}\n`)
		},
	})
	if (run === null) return 128 + constants.signals[left.signal.reason as NodeJS.Signals]
	if (run.status !== 'done') invocation.err(`mse-server: ${runFailureText(run)}\n`)
	return runExitCode(run)
}

/** Whoever wanted the run cancelled is told when it had ended otherwise before. */
async function cancel(client: MseClient, id: string, invocation: Invocation): Promise<number> {
	await client.answer(client.v1.runs(pathId(id)).cancel.post())
	const run = await readRun(client, id)
	if (isOn(invocation.flags, 'json')) printJson(invocation, run)
	else invocation.out(`${run.id} ${run.status === 'cancelled' ? 'is cancelled' : `had ended before: ${run.status}`}\n`)
	return run.status === 'cancelled' ? EXIT.done : EXIT.refused
}

async function resume(client: MseClient, id: string, invocation: Invocation): Promise<number> {
	const resumed = await client.answer(client.v1.runs(pathId(id)).resume.post())
	if (isOn(invocation.flags, 'json')) printJson(invocation, resumed)
	else invocation.out(`${resumed.run_id} goes on from ${resumed.replayed_steps} recorded steps\n`)
	return EXIT.done
}

function readRun(client: MseClient, id: string): Promise<RunRecord> {
	return client.answer(client.v1.runs(pathId(id)).get())
}

function readStatus(flags: Flags): RunRecord['status'] | undefined {
	const word = lastOf(flags, 'status')
	const status = runStatuses.find((known) => known === word)
	if (word !== undefined && status === undefined) throw usageError(`--status is "${word}"; expected one of ${runStatuses.join(', ')}.`)
	return status
}

function readLimit(flags: Flags): number {
	const text = lastOf(flags, 'limit') ?? String(DEFAULT_LIMIT)
	if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
	throw usageError(`--limit is "${text}"; expected a whole number from 1 to 1000.`)
}
