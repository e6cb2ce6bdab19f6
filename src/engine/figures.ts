import type { Gauged } from '../edge/http/metrics.ts'
import type { Engine } from './engine.ts'

/** What `/metrics` shows beside requests and commits; read when somebody asks. */
export function figuresOf(engine: Engine): readonly Gauged[] {
	const { data, runs, supervisor, clock } = engine
	const { db } = data
	const openRequests = async () => {
		const rows = db
			.query<{ state: string; n: number }>('SELECT state, count(*) AS n FROM request WHERE ended_at IS NULL GROUP BY state')
			.all()
		return Object.fromEntries(rows.map(({ state, n }) => [state, n]))
	}
	const oldestRequest = async () => {
		const row = db.query<{ at: number }>('SELECT created_at AS at FROM request WHERE ended_at IS NULL ORDER BY seq LIMIT 1').get()
		return row === null ? 0 : (clock.now() - row.at) / 1000
	}
	const pendingApprovals = async () => {
		const row = db.query<{ n: number }>("SELECT count(*) AS n FROM approval WHERE status = 'pending'").get()
		return row?.n ?? 0
	}
	const oldestApproval = async () => {
		const row = db.query<{ at: number }>("SELECT requested_at AS at FROM approval WHERE status = 'pending' ORDER BY id LIMIT 1").get()
		return row === null ? 0 : (clock.now() - row.at) / 1000
	}
	const unfinished = async () => {
		const [pending, running, interrupted] = await Promise.all(
			(['pending', 'running', 'interrupted'] as const).map((it) => runs.countByStatus(it)),
		)
		return { pending: pending ?? 0, running: running ?? 0, interrupted: interrupted ?? 0 }
	}
	const children = async () => ({ ...engine.childSlots.counts() })
	return [
		{ name: 'runs', help: 'Runs that have not ended, by status', read: unfinished },
		{ name: 'runs_driven', help: 'Runs this process drives', read: async () => supervisor.active },
		{ name: 'runs_asleep', help: 'Runs that wait, and of which nothing else is in memory', read: async () => supervisor.asleep },
		{ name: 'attempts_under_way', help: 'Attempts that a stop would lose', read: async () => supervisor.hold.inFlight.count },
		{ name: 'children', help: 'Places for child processes that attempts, workers and agents have, and who waits for one', read: children },
		{ name: 'requests_open', help: 'Requests to operators without an answer, by state', read: openRequests },
		{ name: 'request_oldest_seconds', help: 'Age of the oldest request without an answer', read: oldestRequest },
		{ name: 'approvals_pending', help: 'Approvals that wait for an answer', read: pendingApprovals },
		{ name: 'approval_oldest_seconds', help: 'Age of the oldest approval without an answer', read: oldestApproval },
		...traceFigures(engine),
		{ name: 'event_seq', help: 'Number of the newest event', read: async () => db.newestEventSeq },
		{ name: 'event_lag', help: 'Events that the slowest open stream is behind', read: async () => engine.streams.lag(db.newestEventSeq) },
		{ name: 'event_streams', help: 'Open event streams', read: async () => engine.streams.count },
		{ name: 'writes_waiting', help: 'Changes that wait for the next commit', read: async () => db.waiting },
		{ name: 'database_healthy', help: '1 unless the last commit failed', read: async () => (db.healthy ? 1 : 0) },
		{ name: 'resident_bytes', help: 'Resident memory of the process', read: async () => process.memoryUsage().rss },
		{ name: 'uptime_seconds', help: 'Age of the process', read: async () => process.uptime() },
	]
}

function traceFigures({ telemetry }: Engine): readonly Gauged[] {
	const spans = async () => {
		const { sent, refused, waiting } = (await telemetry.figures()) ?? { sent: 0, refused: 0, waiting: 0 }
		return { sent, refused, waiting }
	}
	const read = (figure: 'failures' | 'behind') => async () => (await telemetry.figures())?.[figure] ?? 0
	return [
		{ name: 'trace_spans', help: 'Spans since the start of the server, by what became of them', read: spans },
		{ name: 'trace_send_failures', help: 'Sends that the collector of traces did not answer, or not well', read: read('failures') },
		{ name: 'trace_lag', help: 'Events that were not looked at for traces yet', read: read('behind') },
	]
}
