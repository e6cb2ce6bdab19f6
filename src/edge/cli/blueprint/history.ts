import type { HistoryEntry } from '../../../protocol/blueprint-route.ts'
import { pathId } from '../../client/client.ts'
import type { Command, Invocation } from '../command.ts'
import { connect, connectionFlags } from '../connection.ts'
import { EXIT, usageError } from '../exit-code.ts'
import { isOn, lastOf } from '../flag.ts'
import { painter, printJson, table } from '../print.ts'
import { authorship, commitFlags, expectedHead, headOf, waitsText } from './push.ts'
import { type BlueprintTools, readSubject, SUBJECT_HELP, shortHash, subjectFlags, wholeVersion } from './subject.ts'

const DEFAULT_LIMIT = '20'

/** `bp ls`: what the server keeps. */
export const lsVerb: Command = {
	name: 'bp ls',
	summary: 'List the Blueprints of the server',
	usage: '[--json]',
	positionals: 0,
	flags: [{ name: 'json', placeholder: null, doc: 'print JSON' }, ...connectionFlags],
	async run(invocation) {
		const client = connect(invocation)
		const { blueprints } = await client.answer(client.v1.blueprints.get())
		if (isOn(invocation.flags, 'json')) printJson(invocation, blueprints)
		else if (blueprints.length === 0) invocation.out('no Blueprints\n')
		else {
			const rows = blueprints.map(({ id, version, version_label, archived, committed_at }) => [
				...[id, shortHash(version), version_label ?? '', timeText(committed_at), archived ? 'archived' : ''],
			])
			invocation.out(`${table([['BLUEPRINT', 'VERSION', 'LABEL', 'COMMITTED', ''], ...rows])}\n`)
		}
		return EXIT.done
	},
}

/** `bp log`: the commits of a Blueprint. */
export const logVerb: Command = {
	name: 'bp log',
	summary: 'List the versions of a Blueprint, newest first',
	usage: 'ID [--limit N] [--json]',
	positionals: 1,
	flags: [
		{ name: 'limit', placeholder: 'N', doc: `at most so many (default ${DEFAULT_LIMIT})` },
		{ name: 'json', placeholder: null, doc: 'print JSON' },
		...connectionFlags,
	],
	async run(invocation) {
		const id = idOf(invocation)
		const limit = lastOf(invocation.flags, 'limit') ?? DEFAULT_LIMIT
		if (!/^[1-9]\d{0,3}$/.test(limit)) throw usageError(`--limit is "${limit}"; expected a whole number from 1 on.`)
		const client = connect(invocation)
		const blueprint = client.v1.blueprints(pathId(id))
		const { entries } = await client.answer(blueprint.history.get({ query: { limit: Number(limit) } }))
		// An id that nobody knows has an empty history; the head says that it is unknown.
		if (entries.length === 0) await client.answer(blueprint.head.get())
		if (isOn(invocation.flags, 'json')) printJson(invocation, entries)
		else for (const entry of entries) invocation.out(`${commitText(entry, invocation)}\n`)
		return EXIT.done
	},
}

/** `bp show`: a document as it is kept. */
export const showVerb = (tools: BlueprintTools): Command => ({
	name: 'bp show',
	summary: 'Print a Blueprint, the head or an earlier version',
	usage: 'ID [VERSION]',
	positionals: 2,
	flags: subjectFlags,
	details: SUBJECT_HELP,
	async run(invocation) {
		const [name, version] = invocation.positionals
		const { document } = await readSubject(tools, invocation, version === undefined ? name : `${name}@${version}`)
		printJson(invocation, document)
		return EXIT.done
	},
})

/** `bp restore`: an earlier version as a new commit. */
export const restoreVerb: Command = {
	name: 'bp restore',
	summary: 'Make an earlier version of a Blueprint the head again, as a new commit',
	usage: 'ID VERSION [-m TEXT]',
	positionals: 2,
	flags: [...commitFlags, { name: 'json', placeholder: null, doc: 'print JSON' }, ...connectionFlags],
	async run(invocation) {
		const id = idOf(invocation)
		const [, wanted] = invocation.positionals
		if (!wanted) throw usageError('Which version?', `\`mse-server bp log ${id}\` lists them.`)
		const client = connect(invocation)
		const version = await wholeVersion(client, id, wanted)
		const expected = await expectedHead(client, id, await headOf(client, id), invocation)
		const body = {
			...{ version, ...authorship(invocation, `restore ${shortHash(version)}`) },
			...(expected !== undefined && { expected_head: expected ?? 'none' }),
		}
		const done = await client.answer(client.v1.blueprints(pathId(id)).restore.post(body))
		if (isOn(invocation.flags, 'json')) printJson(invocation, done)
		else if ('approval_id' in done) invocation.out(waitsText(done))
		else invocation.out(`${id} is ${done.restored ? 'now' : 'already'} ${shortHash(done.version)}${done.restored ? ' again' : ''}\n`)
		return EXIT.done
	},
}

function idOf({ positionals: [id] }: Invocation): string {
	if (!id) throw usageError('Which Blueprint? Name an id.', '`mse-server bp ls` lists them.')
	return id
}

function commitText({ hash, rationale, author, at, version_label }: HistoryEntry, invocation: Invocation): string {
	const paint = painter(invocation)
	const label = version_label === null ? '' : ` ${paint('cyan', version_label)}`
	const [first = '', ...more] = rationale.split('\n')
	return [
		`${paint('yellow', shortHash(hash))}${label} ${first} ${paint('dim', `${author}, ${timeText(at)}`)}`,
		...more.map((line) => `    ${line}`),
	].join('\n')
}

/** To the minute, in UTC: the same wherever it is read. */
const timeText = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ')
