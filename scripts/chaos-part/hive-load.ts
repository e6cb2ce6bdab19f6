import { connectTo, type LineClient } from '../../test/edge/socket/line-client.ts'

export interface Sent {
	readonly from: string
	readonly to: string
	/** Never twice the same. */
	readonly body: string
	acknowledged: boolean
}

/** A recv that the server did not live to answer. Milliseconds since the epoch. */
export interface CutReceive {
	readonly by: string
	readonly from: number
	readonly to: number
}

export type Life = 'running' | 'stopped' | 'absent'

/** What clients of a hive saw, in their order. */
export interface HiveHistory {
	readonly sent: Sent[]
	readonly received: { readonly by: string; readonly body: string }[]
	readonly cut: CutReceive[]
	/** What an agent may be, as far as its commands tell: one that was cut off may have had its effect or not. */
	readonly lives: Map<string, readonly Life[]>
	/** Answers that no client should get. */
	readonly wrong: string[]
	commands: number
}

export const newHistory = (): HiveHistory => ({ sent: [], received: [], cut: [], lives: new Map(), wrong: [], commands: 0 })

export interface HiveClientOptions {
	readonly path: string
	readonly history: HiveHistory
	random(): number
	/** Fires when nothing more is to be begun. */
	readonly left: AbortSignal
}

/** Sends to anybody, one after the other, in as many connections as it takes. */
export async function keepSending(
	options: HiveClientOptions & { readonly name: string; readonly peers: readonly string[] },
): Promise<void> {
	const { name, peers, history, random, left } = options
	let n = 0
	await overLives(options, 'agent', async (client) => {
		const sent: Sent = { from: name, to: pick(peers, random), body: `${name} ${++n}`, acknowledged: false }
		history.sent.push(sent)
		const answer = await client.ask({ cmd: 'send', to: sent.to, body: sent.body })
		if (answer === null) return 'cut'
		if (answer.kind !== 'ok') history.wrong.push(`${sent.body} to ${sent.to}: ${JSON.stringify(answer)}`)
		sent.acknowledged = answer.kind === 'ok'
		await Bun.sleep(random() * 4)
		return left.aborted ? 'done' : 'more'
	})
}

/** Receives as long as there is anything, and after the load until there is nothing. */
export async function keepReceiving(options: HiveClientOptions & { readonly name: string; readonly sent: AbortSignal }): Promise<void> {
	const { name, history, sent } = options
	await overLives(options, 'agent', async (client) => {
		const from = Date.now()
		const isLast = sent.aborted
		const answer = await client.ask({ cmd: 'recv', wait_seconds: isLast ? 0 : 1 })
		if (answer === null) {
			history.cut.push({ by: name, from, to: Date.now() })
			return 'cut'
		}
		if (answer.kind === 'message') history.received.push({ by: name, body: String(answer.body) })
		else if (answer.kind !== 'empty') history.wrong.push(`recv of ${name}: ${JSON.stringify(answer)}`)
		return isLast && answer.kind === 'empty' ? 'done' : 'more'
	})
}

const VERBS = ['spawn', 'spawn', 'kill', 'destroy', 'approve'] as const
const EFFECT = { spawn: 'running', approve: 'running', kill: 'stopped', destroy: 'absent' } as const

/** Makes and ends agents of those names, by command and by approval. */
export async function keepCommanding(options: HiveClientOptions & { readonly names: readonly string[] }): Promise<void> {
	const { names, history, random, left } = options
	await overLives(options, 'host', async (client) => {
		const [name, verb] = [pick(names, random), pick(VERBS, random)]
		const before = history.lives.get(name) ?? ['absent']
		const request = verb === 'approve' ? await approvalOf(client, name) : { cmd: verb, name }
		if (request === null) return 'cut'
		const answer: Partial<Answer> | null = await client.ask(request)
		history.commands++
		const after = livesAfter(before, EFFECT[verb], answer)
		if (after.length === 0) history.wrong.push(`${verb} of ${name}, which is ${before.join(' or ')}: ${JSON.stringify(answer)}`)
		history.lives.set(name, after.length > 0 ? after : before)
		await Bun.sleep(random() * 20)
		return answer === null ? 'cut' : left.aborted ? 'done' : 'more'
	})
}

interface Answer {
	readonly ok: boolean
	readonly error?: string
}

/** Asks for a spawn, and how to approve it; null when the server dies first. */
async function approvalOf(client: LineClient, name: string): Promise<object | null> {
	if ((await client.ask({ cmd: 'request_spawn', name })) === null) return null
	const listed = await client.ask({ cmd: 'pending' })
	const approvals = (listed?.approvals ?? []) as readonly { readonly id: number; readonly agent: string }[]
	return listed === null ? null : { cmd: 'approve', id: approvals.find(({ agent }) => agent === name)?.id ?? 0 }
}

/** What it may be after a command; empty when the answer cannot be. */
export function livesAfter(before: readonly Life[], effect: Life, answer: Partial<Answer> | null): readonly Life[] {
	if (answer === null) return [...new Set([...before, effect])]
	if (answer.ok) return [effect]
	if (answer.error?.endsWith('already exists')) return before.filter((life) => life !== 'absent')
	return answer.error === 'no such agent' ? before.filter((life) => life === 'absent') : []
}

/** Goes on in a new connection whenever the server died. */
async function overLives(
	{ path, left }: HiveClientOptions,
	kind: 'host' | 'agent',
	turn: (client: LineClient) => Promise<'more' | 'cut' | 'done'>,
): Promise<void> {
	for (const late = AbortSignal.timeout(GIVE_UP_MS); !late.aborted; ) {
		const client = await connectTo(path, kind).catch(() => null)
		let said: 'more' | 'cut' | 'done' = client ? 'more' : 'cut'
		while (client && said === 'more') said = await turn(client)
		client?.[Symbol.dispose]()
		if (said === 'done') return
		if (left.aborted && kind === 'host') return
		await Bun.sleep(2)
	}
}

/** A load that takes longer is a load that hangs. */
const GIVE_UP_MS = 3 * 3600 * 1000

function pick<T>(items: readonly T[], random: () => number): T {
	const item = items[Math.floor(random() * items.length)]
	if (item === undefined) throw new Error('nothing to pick from')
	return item
}
