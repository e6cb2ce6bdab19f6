import { MseError } from '../../../kernel/error.ts'
import { isJsonObject, type Json } from '../../../kernel/json.ts'
import type { CommitReply, ProposedReply } from '../../../protocol/blueprint-route.ts'
import { type MseClient, pathId } from '../../client/client.ts'
import type { Command, Invocation } from '../command.ts'
import { connect, connectionFlags } from '../connection.ts'
import { EXIT, usageError } from '../exit-code.ts'
import { type Flag, isOn, lastOf } from '../flag.ts'
import { painter, printJson } from '../print.ts'
import { findingText, fromWire } from './finding.ts'
import { type BlueprintTools, fileFlags, readSubject, shortHash, wholeVersion } from './subject.ts'

/** Who commits, and on top of what. */
export const commitFlags: readonly Flag[] = [
	{ name: 'message', short: 'm', placeholder: 'TEXT', doc: 'what changed' },
	{ name: 'author', placeholder: 'NAME', doc: 'who changed it (default: this user)' },
	{ name: 'expect', placeholder: 'VERSION', doc: 'only if that is the head: a hash, `none`, or `any` (default: the head there is now)' },
]

/** `bp push`: a new version of a Blueprint on a server. */
export const pushVerb = (tools: BlueprintTools): Command => ({
	name: 'bp push',
	summary: 'Store a Blueprint on the server, as a new version',
	usage: 'FILE [-m TEXT] [flags]',
	positionals: 1,
	flags: [
		...commitFlags,
		{ name: 'strict', placeholder: null, doc: 'not with an error in it; without this it is stored and what is wrong is told' },
		{ name: 'json', placeholder: null, doc: 'print {id, version, before, seeded, diagnostics}' },
		...fileFlags,
		...connectionFlags,
	],
	details: `  mse-server bp push review.lua -m 'three rounds instead of two'

The document is stored under its own id. A head that somebody else moved meanwhile refuses it, exit code 1; --expect says which
version yours is made from.`,
	async run(invocation) {
		const { document, name } = await readSubject(tools, invocation, invocation.positionals[0])
		const id = isJsonObject(document) ? document.id : undefined
		if (typeof id !== 'string') throw usageError(`${name} has no id.`)
		const client = connect(invocation)
		const before = await headOf(client, id)
		const expected = await expectedHead(client, id, before, invocation)
		const query = {
			...authorship(invocation, `push ${name}`),
			...(isOn(invocation.flags, 'strict') && { strict: true }),
			...(expected !== undefined && { expected_head: expected ?? 'none' }),
		}
		const reply = await client.answer(client.v1.blueprints(pathId(id)).post(document as Json, { query })).catch(told(id))
		tell(invocation, { ...reply, before })
		return EXIT.done
	},
})

/** Null when there is none. An archived one is refused by whatever writes, which says so better. */
export async function headOf(client: MseClient, id: string): Promise<string | null> {
	try {
		return (await client.answer(client.v1.blueprints(pathId(id)).head.get())).version
	} catch (thrown) {
		if (thrown instanceof MseError && thrown.kind === 'not_found') return null
		throw thrown
	}
}

/** What the head has to be: a version, null for none at all, undefined for anything. */
export async function expectedHead(client: MseClient, id: string, head: string | null, { flags }: Invocation) {
	const said = lastOf(flags, 'expect')
	if (said === undefined) return head
	if (said === 'any') return undefined
	return said === 'none' ? null : wholeVersion(client, id, said)
}

export function authorship({ flags, env }: Invocation, message: string) {
	return { author: lastOf(flags, 'author') ?? env.USER ?? env.LOGNAME ?? 'cli', message: lastOf(flags, 'message') ?? message }
}

/** A moved head is told with how to see what moved it. */
const told =
	(id: string) =>
	(thrown: unknown): never => {
		if (!(thrown instanceof MseError) || thrown.code !== 'head_moved') throw thrown
		const hint = `Look at \`mse-server bp log ${id}\` and \`mse-server bp diff ${id}\`, then push on top of it.`
		throw new MseError(thrown.kind, thrown.message, { code: thrown.code, details: thrown.details, hint, cause: thrown })
	}

type Pushed = (CommitReply | ProposedReply) & { readonly before: string | null }

function tell(invocation: Invocation, pushed: Pushed): void {
	if (isOn(invocation.flags, 'json')) {
		printJson(invocation, pushed)
		return
	}
	const { id, version, before, diagnostics = [] } = pushed
	const paint = painter({ colour: invocation.errColour })
	for (const diagnostic of diagnostics) invocation.err(`${findingText(id, fromWire(diagnostic), paint)}\n`)
	const was = before === null ? 'new' : `was ${shortHash(before)}`
	if ('approval_id' in pushed) invocation.out(waitsText(pushed))
	else invocation.out(pushed.seeded ? `${id} is now ${shortHash(version)} (${was})\n` : `${id} is ${shortHash(version)} already\n`)
}

/** The server wants somebody's yes before the head moves. */
export function waitsText({ id, version, approval_id }: ProposedReply): string {
	return `${id} becomes ${shortHash(version)} once approval ${approval_id} is granted: mse-server approvals approve ${approval_id}\n`
}
