import { Type } from '@sinclair/typebox'
import { agentOf } from '../../../core/operator/agent-sid.ts'
import type { LiveSession, OperatorSessions } from '../../../core/operator/sessions.ts'
import type { SeatGiven } from '../../../core/operator/store.ts'
import type { RunStore } from '../../../core/run/store.ts'
import type { SessionId } from '../../../kernel/id.ts'
import { refusals } from '../../../protocol/error.ts'
import type { CapabilityManifest } from '../../../protocol/operator.ts'
import { OperatorSessionDetailSchema, OperatorSessionListSchema, type OperatorSessionRecord } from '../../../protocol/operator-session.ts'
import { swarmRoutes } from '../failure.ts'
import { noContent } from './answer.ts'

export interface OperatorSessionDeps {
	readonly sessions: Pick<OperatorSessions, 'list' | 'get' | 'observed' | 'end' | 'sweep'>
	readonly runs: Pick<RunStore, 'listed'>
}

/** Operator sessions for people who look after the server; `/v1/operators` is for those who have one. Looking keeps none alive. */
export const operatorSessionRoutes = (deps: OperatorSessionDeps) =>
	swarmRoutes('operator-sessions')
		.get('/v1/operator-sessions', () => list(deps), {
			detail: { summary: 'Lists all operator sessions, those with the newest activity first' },
			response: { 200: OperatorSessionListSchema },
		})
		.get('/v1/operator-sessions/:sid', async ({ params }) => detail(deps, await deps.sessions.get(params.sid)), {
			detail: { summary: 'Shows an operator session with the seats it was given' },
			response: { 200: OperatorSessionDetailSchema, ...refusals(404) },
		})
		.delete(
			'/v1/operator-sessions/:sid',
			async ({ params }) => {
				const { record } = await deps.sessions.get(params.sid)
				await deps.sessions.end(record.sid, 'ended')
				return noContent()
			},
			{
				detail: { summary: 'Ends an operator session, whoever has it' },
				response: { 204: Type.Void(), ...refusals(404, 503) },
			},
		)

async function list({ sessions }: OperatorSessionDeps) {
	await sessions.sweep()
	const live = [...sessions.list()].sort((a, b) => b.lastAccessAt - a.lastAccessAt || (a.record.sid < b.record.sid ? -1 : 1))
	return { sessions: live.map(toRecord) }
}

async function detail(deps: OperatorSessionDeps, session: LiveSession) {
	const { sid, capabilityManifest } = session.record
	const { seats, total } = await deps.sessions.observed(sid)
	return {
		...toRecord(session),
		capability_manifest: capabilityManifest as CapabilityManifest | null,
		seats: await Promise.all(seats.map((seat) => toSeat(deps, sid, seat))),
		seats_total: total,
	}
}

async function toSeat({ runs }: OperatorSessionDeps, sid: SessionId, { runId, slot, goal, at }: SeatGiven) {
	const run = await runs.listed(runId)
	const held = run?.status === 'running' && run.seats.some((seat) => seat.slot === slot && seat.op === sid)
	return { run_id: runId, slot, goal, given_at: at, held }
}

function toRecord({ record, connected, lastAccessAt }: LiveSession): OperatorSessionRecord {
	return {
		sid: record.sid,
		roles: [...record.roles],
		desc: record.desc,
		blueprints: record.scope && [...record.scope.blueprints],
		agent: agentOf(record.sid),
		connected,
		joined_at: record.joinedAt,
		last_activity_at: lastAccessAt,
	}
}
