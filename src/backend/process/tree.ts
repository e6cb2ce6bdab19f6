import { type Clock, sleep } from '../../kernel/clock.ts'
import { type ProcessRow, readProcesses } from './process-table.ts'

interface TreeRow extends ProcessRow {
	/** Its session is not one that this process came from, so that nobody else is in its group. */
	readonly apart: boolean
}

export interface Ending {
	readonly clock: Clock
	/** From TERM to KILL. */
	readonly killGraceMs: number
}

/** How long KILL may take: a process that does not go then hangs in the kernel. */
const KILL_WAIT_MS = 10_000
const LONGEST_POLL_MS = 50

/**
 * Ends the live processes that match, everything below them, and everything in their sessions (a child is started as the leader
 * of a session of its own): TERM to each, KILL after the grace, until none is left. Never this process or one above it.
 * Resolves to the pids that were ended and to those that would not go.
 */
export async function endTree(isRoot: (row: ProcessRow) => boolean, ending: Ending): Promise<{ ended: number[]; stuck: number[] }> {
	const seen = new Map<string, TreeRow>()
	const sessions = new Set<number>()
	// What was seen once stays ours: its parent, by which it was found, may be the first to go.
	const isKnown = (row: ProcessRow): boolean => seen.has(idOf(row)) || sessions.has(row.session) || isRoot(row)
	const left = (): TreeRow[] => {
		const rows = findTree(isKnown)
		for (const row of rows) {
			seen.set(idOf(row), row)
			if (row.apart) sessions.add(row.session)
		}
		return rows
	}
	const stuck = (await endGently(left, ending)).map((row) => row.pid)
	return { ended: [...seen.values()].map((row) => row.pid).filter((pid) => !stuck.includes(pid)), stuck }
}

/** False when there is no such process or group, not even one that waits to be reaped. */
export function exists(pid: number): boolean {
	return send(pid, 0)
}

const idOf = ({ pid, startedAt }: ProcessRow): string => `${pid} ${startedAt}`

function findTree(isRoot: (row: ProcessRow) => boolean): TreeRow[] {
	const rows = readProcesses()
	const spared = lineage(rows)
	const sparedSessions = new Set([...spared].map((row) => row.session))
	const isApart = ({ session }: ProcessRow): boolean => session > 0 && !sparedSessions.has(session)
	const found = new Set(rows.filter((row) => !spared.has(row) && isRoot(row)))
	const pids = new Set([...found].map((row) => row.pid))
	const sessions = new Set([...found].filter(isApart).map((row) => row.session))
	for (let before = -1; before < found.size; ) {
		before = found.size
		for (const row of rows) {
			if (found.has(row) || spared.has(row) || !(pids.has(row.parent) || sessions.has(row.session))) continue
			found.add(row)
			pids.add(row.pid)
		}
	}
	return [...found].map((row) => ({ ...row, apart: isApart(row) }))
}

/** This process and those above it. */
function lineage(rows: readonly ProcessRow[]): Set<ProcessRow> {
	const byPid = new Map(rows.map((row) => [row.pid, row]))
	const line = new Set<ProcessRow>()
	for (let row = byPid.get(process.pid); row && !line.has(row); row = byPid.get(row.parent)) line.add(row)
	return line
}

async function endGently(left: () => TreeRow[], { clock, killGraceMs }: Ending): Promise<TreeRow[]> {
	const asked = new Set<string>()
	const rows = await signalUntilGone(left, clock, killGraceMs, (row) => {
		if (!asked.has(idOf(row))) send(row.pid, 'SIGTERM')
		asked.add(idOf(row))
	})
	return rows.length === 0 ? rows : signalUntilGone(left, clock, KILL_WAIT_MS, kill)
}

async function signalUntilGone(left: () => TreeRow[], clock: Clock, withinMs: number, signal: (row: TreeRow) => void): Promise<TreeRow[]> {
	const deadline = clock.now() + withinMs
	let rows = left()
	for (let pollMs = 2; rows.length > 0 && clock.now() < deadline; pollMs = Math.min(pollMs * 2, LONGEST_POLL_MS)) {
		for (const row of rows) signal(row)
		await sleep(clock, Math.min(pollMs, Math.max(0, deadline - clock.now())))
		rows = left()
	}
	return rows
}

/** The group goes at one stroke, so that a program that forks without end cannot outrun it. */
function kill(row: TreeRow): void {
	if (row.apart) send(-row.group, 'SIGKILL')
	send(row.pid, 'SIGKILL')
}

function send(pid: number, signal: NodeJS.Signals | 0): boolean {
	try {
		process.kill(pid, signal)
		return true
	} catch (error) {
		return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
	}
}
