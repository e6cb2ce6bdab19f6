import { constants } from 'node:os'
import type { Event } from '../../../protocol/event.ts'
import type { WorkerStatus } from '../../../protocol/runtime.ts'
import { type MseClient, pathId } from '../../client/client.ts'
import { followEvents } from '../../client/follow-events.ts'
import { keepAttachments } from '../attachment.ts'
import type { Command, Invocation } from '../command.ts'
import { connect, connectionFlags } from '../connection.ts'
import { EXIT, usageError } from '../exit-code.ts'
import { type Flags, isOn, lastOf } from '../flag.ts'
import { printJson, table } from '../print.ts'
import { pullTurns } from '../worker-pull.ts'

const STATUSES: readonly WorkerStatus[] = ['running', 'stopped', 'cancelled']

export const workersCommand: Command = {
	name: 'workers',
	summary: 'List, create, talk to, watch and end the long-lived workers of a server',
	usage: 'ls|create|input|tail|stop|cancel|rm|serve [WORKER|PROFILE] [TEXT] [flags]',
	positionals: 3,
	flags: [
		...connectionFlags,
		{ name: 'json', placeholder: null, doc: 'print JSON (tail: a line for each event)' },
		{ name: 'status', placeholder: 'STATUS', doc: `ls: only workers that are ${STATUSES.join(', ')}` },
		{
			name: 'profile',
			placeholder: 'NAME',
			doc: 'ls: only workers of it; create: what runs the worker, as PROFILE does (default: the server’s)',
		},
		{ name: 'name', placeholder: 'TEXT', doc: 'create: how the worker is called' },
		{ name: 'input', placeholder: 'TEXT', doc: 'create: its first turn' },
		{ name: 'attach', placeholder: 'FILE', doc: 'create, input: a text file that comes along with the turn; may be given again' },
		{ name: 'reason', placeholder: 'TEXT', doc: 'stop, cancel: why' },
		{ name: 'from-start', placeholder: null, doc: 'tail: what happened so far, too' },
		{ name: 'force', placeholder: null, doc: 'rm: a running one as well' },
		{ name: 'exec', placeholder: 'COMMAND', doc: 'serve: a shell command; the turn is on its stdin, what it prints is the answer' },
		{ name: 'once', placeholder: null, doc: 'serve: one turn, and its outcome as exit code' },
	],
	details: `  ls                  workers by id
  create [PROFILE]    a new worker; prints its id
  input WORKER TEXT   its next turn
  tail WORKER         what it does, as it does it
  stop WORKER         end it in good order
  cancel WORKER       end it at once
  rm WORKER           forget it
  serve PROFILE       carry out the turns of a profile in pull mode, such as http:farm, with --exec`,
	async run(invocation) {
		const [verb = '', id = '', text = ''] = invocation.positionals
		refuseStray(invocation.positionals)
		const client = connect(invocation)
		if (verb === 'ls') return list(client, invocation)
		if (verb === 'create') return create(client, id, invocation)
		const action = ACTIONS[verb]
		if (action === undefined) {
			const what = verb === '' ? 'What is to be done with workers?' : `There is no "workers ${verb}".`
			throw usageError(what, `Usage: mse-server workers ${workersCommand.usage}`)
		}
		if (id === '') throw usageError(`Which worker? mse-server workers ${verb} WORKER`, '`mse-server workers ls` lists them.')
		return action(client, id, invocation, text)
	},
}

type Action = (client: MseClient, id: string, invocation: Invocation, text: string) => Promise<number>

const ACTIONS: { readonly [verb: string]: Action } = {
	input,
	tail,
	serve,
	rm: remove,
	stop: (client, id, invocation) => end(client, id, invocation, 'stop'),
	cancel: (client, id, invocation) => end(client, id, invocation, 'cancel'),
}

/** A word that means nothing here was meant to mean something. */
function refuseStray([verb = '', ...words]: readonly string[]): void {
	const stray = words[verb === 'ls' ? 0 : verb === 'input' ? 2 : 1]
	if (stray !== undefined) throw usageError(`workers ${verb} does not know what to do with "${stray}".`)
}

async function list(client: MseClient, invocation: Invocation): Promise<number> {
	const { flags, out } = invocation
	const status = readStatus(flags)
	const profile = lastOf(flags, 'profile')
	const query = { ...(status && { status }), ...(profile && { profile }) }
	const { workers } = await client.answer(client.v1.workers.get({ query }))
	if (isOn(flags, 'json')) printJson(invocation, workers)
	else if (workers.length === 0) out('There are no workers.\n')
	else {
		const rows = workers.map(({ worker_id, status: is, execution, backend_profile, transcript_len, display_name = '' }) => [
			...[worker_id, is, execution.run_state, backend_profile, `${transcript_len} lines`, display_name],
		])
		out(`${table(rows)}\n`)
	}
	return EXIT.done
}

async function create(client: MseClient, named: string, invocation: Invocation): Promise<number> {
	const { flags, out } = invocation
	const [flagged, name, text] = [lastOf(flags, 'profile'), lastOf(flags, 'name'), lastOf(flags, 'input')]
	if (named !== '' && flagged !== undefined) throw usageError(`Which profile, "${named}" or "${flagged}"?`)
	const profile = named === '' ? flagged : named
	if (text === undefined && flags.has('attach')) throw usageError('--attach needs --input: files come along with a turn.')
	const first = text === undefined ? undefined : await toTurn(client, text, flags)
	const { worker } = await client.answer(
		client.v1.workers.post({
			intent: { kind: 'assistant' },
			profile: profile === undefined ? { kind: 'runtime_default' } : { kind: 'builtin', value: profile },
			...(name !== undefined && { display_name: name }),
			...(first !== undefined && { initial_input: first }),
		}),
	)
	if (isOn(flags, 'json')) printJson(invocation, worker)
	else out(`${worker.worker_id}\n`)
	return EXIT.done
}

async function input(client: MseClient, id: string, invocation: Invocation, text: string): Promise<number> {
	if (text === '') throw usageError(`What shall it be told? mse-server workers input ${id} TEXT`)
	const { ack } = await client.answer(client.v1.workers(pathId(id)).input.post(await toTurn(client, text, invocation.flags)))
	if (isOn(invocation.flags, 'json')) printJson(invocation, ack)
	return EXIT.done
}

async function toTurn(client: MseClient, content: string, flags: Flags) {
	const attachments = await keepAttachments(client, flags.get('attach') ?? [])
	return { kind: 'user' as const, content, ...(attachments.length > 0 && { attachments: [...attachments] }) }
}

async function end(client: MseClient, id: string, invocation: Invocation, verb: 'stop' | 'cancel'): Promise<number> {
	const reason = lastOf(invocation.flags, 'reason')
	const { ack } = await client.answer(client.v1.workers(pathId(id))[verb].post(reason === undefined ? {} : { reason }))
	if (isOn(invocation.flags, 'json')) printJson(invocation, ack)
	else invocation.out(`${id} is ${ack.status}\n`)
	return EXIT.done
}

async function remove(client: MseClient, id: string, { flags, out }: Invocation): Promise<number> {
	await client.answer(client.v1.workers(pathId(id)).delete(undefined, { query: { force: isOn(flags, 'force') } }))
	out(`${id} is gone\n`)
	return EXIT.done
}

/** Until a signal; the turn that is carried out then is given back. */
async function serve(client: MseClient, profile: string, invocation: Invocation): Promise<number> {
	const { flags, env, err } = invocation
	const line = lastOf(flags, 'exec') ?? ''
	if (line.trim() === '')
		throw usageError('--exec is missing: the command that carries out a turn.', "For a first look: --exec 'tr a-z A-Z'")
	const left = new AbortController()
	void invocation.nextSignal().then((signal) => left.abort(signal))
	const say = (text: string): void => err(`mse-server: ${text}\n`)
	const isWell = await pullTurns(client, { profile, line, env, isOnce: isOn(flags, 'once'), signal: left.signal, say })
	return isWell ? EXIT.done : EXIT.refused
}

/** Until the worker ends, or a signal ends the watching. */
async function tail(client: MseClient, id: string, invocation: Invocation): Promise<number> {
	const { flags, out } = invocation
	const { worker } = await client.answer(client.v1.workers(pathId(id)).get())
	const left = new AbortController()
	void invocation.nextSignal().then((signal) => left.abort(signal))
	const live = worker.status === 'running'
	const after = isOn(flags, 'from-start') || !live ? {} : { after: 'latest' }
	for await (const event of followEvents(client, { ...after, filter: { worker: id }, live, signal: left.signal })) {
		const line = isOn(flags, 'json') ? JSON.stringify(event) : toLine(event)
		if (line !== null) out(`${line}\n`)
		if (['worker.stopped', 'worker.cancelled', 'worker.deleted'].includes(event.kind)) return EXIT.done
	}
	return left.signal.aborted ? 128 + constants.signals[left.signal.reason as NodeJS.Signals] : EXIT.done
}

/** What was said, and how the worker fares; pieces of text are left out, since the whole follows. */
function toLine({ kind, data }: Event): string | null {
	if (kind !== 'worker.observed') return kind
	const { event, data: about } = data.payload as { event: string; data?: Record<string, unknown> }
	if (event === 'text_delta') return null
	if (event === 'user_message') return `${event}  ${words(about?.segments)}`
	const said = typeof about?.text === 'string' ? about.text : about === undefined ? '' : JSON.stringify(about)
	return said === '' ? event : `${event}  ${said}`
}

/** The text of a turn; what it came with, by address. */
function words(segments: unknown): string {
	if (!Array.isArray(segments)) return ''
	return segments.map(({ content, path }: { content?: string; path?: string }) => content ?? path ?? '').join(' ')
}

function readStatus(flags: Flags): WorkerStatus | undefined {
	const word = lastOf(flags, 'status')
	const status = STATUSES.find((known) => known === word)
	if (word !== undefined && status === undefined) throw usageError(`--status is "${word}"; expected one of ${STATUSES.join(', ')}.`)
	return status
}
