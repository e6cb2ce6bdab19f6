import { constants } from 'node:os'
import { isJsonObject, type Json, parseJson } from '../../../kernel/json.ts'
import { type ApprovalRecord, approvalKinds, approvalStatuses } from '../../../protocol/approval.ts'
import type { Event } from '../../../protocol/event.ts'
import { type MseClient, pathId } from '../../client/client.ts'
import { followEvents } from '../../client/follow-events.ts'
import { approvalDetail, approvalList } from '../approval-view.ts'
import type { Command, Invocation } from '../command.ts'
import { connect, connectionFlags } from '../connection.ts'
import { EXIT, usageError } from '../exit-code.ts'
import { type Flags, isOn, lastOf } from '../flag.ts'
import { readJsonFlag } from '../json-input.ts'
import { painter, printJson } from '../print.ts'

export const approvalsCommand: Command = {
	name: 'approvals',
	summary: 'List, show, answer and watch what waits for somebody’s yes',
	usage: 'ls|show|approve|deny|watch [APPROVAL] [flags]',
	positionals: 2,
	flags: [
		...connectionFlags,
		{ name: 'json', placeholder: null, doc: 'print JSON (watch: a line for each event)' },
		{ name: 'status', placeholder: 'STATUS', doc: `ls: only those that are ${approvalStatuses.join(', ')} (default pending), or all` },
		{ name: 'kind', placeholder: 'KIND', doc: `ls: only ${approvalKinds.join(', ')}` },
		{ name: 'run', placeholder: 'RUN', doc: 'ls, watch: only those of that run' },
		{ name: 'by', placeholder: 'NAME', doc: 'approve, deny: who answers (default operator)' },
		{ name: 'note', placeholder: 'TEXT', doc: 'approve, deny: why' },
		{ name: 'answer', placeholder: 'JSON', doc: 'approve: what the form asks for, or @FILE' },
		{
			name: 'field',
			placeholder: 'KEY=VALUE',
			doc: 'approve: one field of the answer; may be repeated. JSON where it reads as that, else text',
		},
		{ name: 'from-start', placeholder: null, doc: 'watch: what happened so far, too' },
	],
	details: `  ls                  what waits for an answer
  show APPROVAL       one approval, with what is asked for and its form
  approve APPROVAL    say yes, and wait for what that begins
  deny APPROVAL       say no
  watch               what is asked and answered, as it happens`,
	async run(invocation) {
		const [verb = '', id = ''] = invocation.positionals
		const client = connect(invocation)
		if (verb === 'ls') return list(client, invocation)
		if (verb === 'watch') return watch(client, invocation)
		const action = ACTIONS[verb]
		if (action === undefined) throw usageError(`There is no "approvals ${verb}".`, `Usage: mse-server approvals ${approvalsCommand.usage}`)
		if (id === '') throw usageError(`Which approval? mse-server approvals ${verb} APPROVAL`, '`mse-server approvals ls` lists them.')
		return action(client, id, invocation)
	},
}

type Action = (client: MseClient, id: string, invocation: Invocation) => Promise<number>

const ACTIONS: { readonly [verb: string]: Action } = { show, approve, deny }

async function list(client: MseClient, invocation: Invocation): Promise<number> {
	const { flags, out } = invocation
	const status = readWord(flags, 'status', [...approvalStatuses, 'all'] as const) ?? 'pending'
	const kind = readWord(flags, 'kind', approvalKinds)
	const run = lastOf(flags, 'run')
	const query = { ...(status !== 'all' && { status }), ...(kind && { kind }), ...(run !== undefined && { run }) }
	const { approvals } = await client.answer(client.v1.approvals.get({ query }))
	if (isOn(flags, 'json')) printJson(invocation, approvals)
	else out(`${approvalList(approvals, painter(invocation))}\n`)
	return EXIT.done
}

async function show(client: MseClient, id: string, invocation: Invocation): Promise<number> {
	const approval = await client.answer(client.v1.approvals(pathId(id)).get({ query: {} }))
	if (isOn(invocation.flags, 'json')) printJson(invocation, approval)
	else invocation.out(`${approvalDetail(approval, painter(invocation))}\n`)
	return EXIT.done
}

async function approve(client: MseClient, id: string, invocation: Invocation): Promise<number> {
	const answer = readAnswer(invocation.flags)
	const body = { ...whoAndWhy(invocation.flags), ...(answer !== undefined && { answer }) }
	const approval = await client.answer(client.v1.approvals(pathId(id)).approve.post(body))
	return tell(invocation, approval)
}

async function deny(client: MseClient, id: string, invocation: Invocation): Promise<number> {
	return tell(invocation, await client.answer(client.v1.approvals(pathId(id)).deny.post(whoAndWhy(invocation.flags))))
}

function tell(invocation: Invocation, approval: ApprovalRecord): number {
	const { id, status, applying, grants, required } = approval
	const more = applying ? ' and is being applied' : ` with ${grants.length} of ${required} grants`
	if (isOn(invocation.flags, 'json')) printJson(invocation, approval)
	else invocation.out(`approval ${id} is ${status}${status === 'pending' ? more : ''}\n`)
	return EXIT.done
}

/** Until a signal ends the watching. */
async function watch(client: MseClient, invocation: Invocation): Promise<number> {
	const { flags, out } = invocation
	const run = lastOf(flags, 'run')
	const left = new AbortController()
	void invocation.nextSignal().then((signal) => left.abort(signal))
	const from = isOn(flags, 'from-start') ? {} : { after: 'latest' }
	const filter = { kind: 'approval.', ...(run !== undefined && { run }) }
	for await (const event of followEvents(client, { ...from, filter, signal: left.signal }))
		out(`${isOn(flags, 'json') ? JSON.stringify(event) : toLine(event)}\n`)
	return 128 + constants.signals[left.signal.reason as NodeJS.Signals]
}

function toLine({ at, kind, data }: Event): string {
	const { id, subject_type: type, subject_id: subject, by, note } = data
	const who = by == null ? '' : ` by ${by}`
	return `${new Date(at).toISOString()}  ${id}  ${kind.slice('approval.'.length)}${who}  ${data.kind} of ${type} ${subject}${note == null ? '' : `: ${note}`}`
}

function whoAndWhy(flags: Flags): { by?: string; note?: string } {
	const [by, note] = [lastOf(flags, 'by'), lastOf(flags, 'note')]
	return { ...(by !== undefined && { by }), ...(note !== undefined && { note }) }
}

/** The answer as a whole, with single fields over it. */
function readAnswer(flags: Flags): Json | undefined {
	const text = lastOf(flags, 'answer')
	const whole = text === undefined ? undefined : readJsonFlag('answer', text)
	const fields = (flags.get('field') ?? []).map(readField)
	if (fields.length === 0) return whole
	if (whole !== undefined && !isJsonObject(whole)) throw usageError('--field needs an --answer that is an object, or none.')
	return { ...whole, ...Object.fromEntries(fields) }
}

function readField(text: string): [string, Json] {
	const at = text.indexOf('=')
	if (at < 1) throw usageError(`--field is "${text}"; expected KEY=VALUE.`)
	const value = text.slice(at + 1)
	return [text.slice(0, at), parseJson(value) ?? value]
}

function readWord<const W extends readonly string[]>(flags: Flags, name: string, words: W): W[number] | undefined {
	const text = lastOf(flags, name)
	const word = words.find((known) => known === text)
	if (text !== undefined && word === undefined) throw usageError(`--${name} is "${text}"; expected one of ${words.join(', ')}.`)
	return word
}
