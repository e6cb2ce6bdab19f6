import { MseError } from '../../../kernel/error.ts'
import { type EnhanceLogEntry, issueStatuses } from '../../../protocol/enhance.ts'
import { type MseClient, pathId } from '../../client/client.ts'
import type { Command, Invocation } from '../command.ts'
import { connect, connectionFlags } from '../connection.ts'
import { EXIT, usageError } from '../exit-code.ts'
import { isOn, lastOf } from '../flag.ts'
import { issueDetail, issueList } from '../issue-view.ts'
import { painter, printJson } from '../print.ts'

export const issuesCommand: Command = {
	name: 'issues',
	summary: 'List, show, post and retry wishes about Blueprints',
	usage: 'ls|show|post|retry [ISSUE | BLUEPRINT INTENT] [flags]',
	positionals: 3,
	flags: [
		...connectionFlags,
		{ name: 'json', placeholder: null, doc: 'print JSON' },
		{ name: 'status', placeholder: 'STATUS', doc: `ls: only issues that are ${issueStatuses.join(', ')}` },
		{ name: 'blueprint', placeholder: 'ID', doc: 'ls: only issues about that Blueprint' },
		{ name: 'limit', placeholder: 'N', doc: 'ls: at most so many, newest first (default 20)' },
	],
	details: `  ls                      the newest issues
  show ISSUE              one issue, and what was found when it was worked on
  post BLUEPRINT INTENT   have a Blueprint changed as the intent says; prints the issue's id
  retry ISSUE             have a rejected issue worked on once more`,
	async run(invocation) {
		const [verb = '', first, second] = invocation.positionals
		const client = connect(invocation)
		if (verb === 'ls') return list(client, invocation)
		if (verb === 'post') return post(client, first, second, invocation)
		if (verb !== 'show' && verb !== 'retry')
			throw usageError(`There is no "issues ${verb}".`, `Usage: mse-server issues ${issuesCommand.usage}`)
		if (!first) throw usageError(`Which issue? mse-server issues ${verb} ISSUE`, '`mse-server issues ls` lists them.')
		return verb === 'show' ? show(client, first, invocation) : retry(client, first, invocation)
	},
}

const DEFAULT_LIMIT = 20

async function list(client: MseClient, invocation: Invocation): Promise<number> {
	const { flags, out } = invocation
	const [word, blueprint] = [lastOf(flags, 'status'), lastOf(flags, 'blueprint')]
	const status = issueStatuses.find((known) => known === word)
	if (word !== undefined && !status) throw usageError(`--status is "${word}"; expected one of ${issueStatuses.join(', ')}.`)
	const limit = lastOf(flags, 'limit') ?? String(DEFAULT_LIMIT)
	if (!/^[1-9]\d{0,3}$/.test(limit)) throw usageError(`--limit is "${limit}"; expected a whole number from 1 to 9999.`)
	const query = { limit: Number(limit), ...(status && { status }), ...(blueprint && { blueprint_id: blueprint }) }
	const { issues } = await client.answer(client.v1.issues.get({ query }))
	if (isOn(flags, 'json')) printJson(invocation, issues)
	else out(`${issueList(issues, painter(invocation))}\n`)
	return EXIT.done
}

async function show(client: MseClient, id: string, invocation: Invocation): Promise<number> {
	const issue = await client.answer(client.v1.issues(pathId(id)).get())
	const entry = await entryOf(client, id)
	if (isOn(invocation.flags, 'json')) printJson(invocation, { ...issue, log: entry })
	else invocation.out(`${issueDetail(issue, entry, painter(invocation))}\n`)
	return EXIT.done
}

/** Null for an issue that nobody has found anything about yet. */
async function entryOf(client: MseClient, id: string): Promise<EnhanceLogEntry | null> {
	const call = client.v1.enhance.log({ issue_id: encodeURIComponent(id) }).get()
	return client.answer(call).catch((error) => {
		if (error instanceof MseError && error.kind === 'not_found') return null
		throw error
	})
}

async function post(client: MseClient, blueprint: string | undefined, intent: string | undefined, invocation: Invocation): Promise<number> {
	if (!blueprint || !intent)
		throw usageError('What about which Blueprint? mse-server issues post BLUEPRINT INTENT', 'Put the intent in quotes.')
	const issue = await client.answer(client.v1.issues.post({ blueprint_id: blueprint, intent }))
	if (isOn(invocation.flags, 'json')) printJson(invocation, issue)
	else invocation.out(`${issue.issue_id}\n`)
	return EXIT.done
}

async function retry(client: MseClient, id: string, invocation: Invocation): Promise<number> {
	const issue = await client.answer(client.v1.issues(pathId(id)).retry.post())
	if (isOn(invocation.flags, 'json')) printJson(invocation, issue)
	else invocation.out(`${issue.issue_id} is ${issue.status} again\n`)
	return EXIT.done
}
