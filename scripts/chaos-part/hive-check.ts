import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { readProcesses, readVariable } from '../../src/backend/process/process-table.ts'
import type { CutReceive, HiveHistory } from './hive-load.ts'

export interface HiveFault {
	readonly name: 'lost' | 'twice' | 'order' | 'agent' | 'approval' | 'answer'
	readonly found: readonly string[]
}

export interface HiveCheck {
	readonly faults: readonly HiveFault[]
	/** Marked as delivered when the server died, and never seen by the client whose recv it cut off. */
	readonly inFlight: number
	readonly messages: number
	readonly approvals: number
}

interface Row {
	readonly id: number
	readonly sender: string
	readonly recipient: string
	readonly body: string
	readonly delivered_at: number | null
}

/** Compares what clients saw with what is in the store of a server that has ended. `place` holds the state of its agents. */
export function checkHive(history: HiveHistory, dataDir: string, place: string): HiveCheck {
	using db = new Database(join(dataDir, 'mse.db'))
	const rows = db.query<Row, []>('SELECT id, sender, recipient, body, delivered_at FROM message ORDER BY id').all()
	const { lost, inFlight } = missing(history, rows)
	return {
		...{ inFlight, messages: rows.length },
		approvals: db.query<{ n: number }, []>('SELECT count(*) AS n FROM approval').get()?.n ?? 0,
		faults: [
			{ name: 'lost', found: [...unwritten(history, rows), ...lost] },
			{ name: 'twice', found: twice(history) },
			{ name: 'order', found: outOfOrder(history, rows) },
			{ name: 'agent', found: wrongAgents(history, db, place) },
			{ name: 'approval', found: wrongApprovals(db, rows) },
			{ name: 'answer', found: history.wrong },
		],
	}
}

const keyOf = (recipient: string, body: string): string => `${recipient} < ${body}`

/** Acknowledged sends that are not in the store. */
function unwritten({ sent }: HiveHistory, rows: readonly Row[]): string[] {
	const written = new Set(rows.map(({ recipient, body }) => keyOf(recipient, body)))
	return sent.filter(({ acknowledged, to, body }) => acknowledged && !written.has(keyOf(to, body))).map(({ to, body }) => keyOf(to, body))
}

/** Messages that nobody received, but for those that a recv had taken which the server did not live to answer: one for each such recv. */
function missing({ received, cut }: HiveHistory, rows: readonly Row[]): { readonly lost: string[]; readonly inFlight: number } {
	const seen = new Set(received.map(({ by, body }) => keyOf(by, body)))
	const open = [...cut]
	const lost: string[] = []
	let inFlight = 0
	for (const row of rows) {
		if (seen.has(keyOf(row.recipient, row.body))) continue
		const at = open.findIndex((each) => coversDelivery(each, row))
		if (at < 0) lost.push(`${row.id}: ${keyOf(row.recipient, row.body)}, delivered at ${row.delivered_at}`)
		else {
			inFlight++
		}
		if (at >= 0) open.splice(at, 1)
	}
	return { lost, inFlight }
}

const coversDelivery = ({ by, from, to }: CutReceive, { recipient, delivered_at: at }: Row): boolean =>
	by === recipient && at !== null && at >= from && at <= to

function twice({ received }: HiveHistory): string[] {
	const seen = new Set<string>()
	const isFirst = (key: string): boolean => seen.size < seen.add(key).size
	return received.map(({ by, body }) => keyOf(by, body)).filter((key) => !isFirst(key))
}

/** Each inbox is read by one client, in the order in which messages were written; and each sender's are written in the order of its sends. */
function outOfOrder({ received }: HiveHistory, rows: readonly Row[]): string[] {
	const idOf = new Map(rows.map(({ id, recipient, body }) => [keyOf(recipient, body), id]))
	const byInbox = received.map(({ by, body }) => ({ line: by, what: keyOf(by, body), at: idOf.get(keyOf(by, body)) ?? 0 }))
	const bySender = rows.flatMap(({ sender, recipient, body }) =>
		sender === 'system' ? [] : [{ line: `${sender} ${recipient}`, what: keyOf(recipient, body), at: Number(body.split(' ')[1]) }],
	)
	return [byInbox, bySender]
		.flatMap((all) => {
			const last = new Map<string, number>()
			return all.filter(({ line, at }) => {
				const before = last.get(line) ?? -1
				last.set(line, at)
				return at <= before
			})
		})
		.map(({ what }) => what)
}

/** Agents that are not what their commands made of them, and those that do not run exactly once when they run at all. */
function wrongAgents({ lives }: HiveHistory, db: Database, place: string): string[] {
	const running = readProcesses()
		.filter(({ pid, session }) => pid === session && readVariable(pid, 'HIVE_STATE_DIR')?.startsWith(place))
		.map(({ pid }) => readVariable(pid, 'HIVE_LABEL') ?? '')
	const states = new Map(
		db
			.query<{ name: string; state: string }, []>('SELECT name, state FROM hive_agent')
			.all()
			.map(({ name, state }) => [name, state]),
	)
	return [...lives].flatMap(([name, may]) => {
		const state = states.get(name) ?? 'destroyed'
		const life = state === 'destroyed' ? 'absent' : state
		const count = running.filter((label) => label === name).length
		const isRight = may.some((each) => each === life) && count === (life === 'running' ? 1 : 0)
		return isRight ? [] : [`${name} is ${life} and runs ${count} times; it may be ${may.join(' or ')}`]
	})
}

/** Each approval that ended was told once; none is left half done. */
function wrongApprovals(db: Database, rows: readonly Row[]): string[] {
	const told = rows.filter(({ sender }) => sender === 'system').map(({ body }) => JSON.parse(body) as { id: number; status: string })
	const all = db.query<{ id: number; status: string; started_at: number | null }, []>('SELECT id, status, started_at FROM approval').all()
	return all.flatMap(({ id, status, started_at }) => {
		const said = told.filter((each) => each.id === id).map((each) => each.status)
		const isRight = status === 'pending' ? said.length === 0 && started_at === null : said.length === 1 && said[0] === status
		return isRight ? [] : [`approval ${id} is ${status}, and the manager was told ${JSON.stringify(said)}`]
	})
}
