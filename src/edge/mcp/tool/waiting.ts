import { Type } from '@sinclair/typebox'
import { looks, ownTool } from '../tool.ts'
import { toSummary } from './run.ts'

const MOST = 50

/** Everything that goes on only when somebody does something. */
export const waitingTools = [
	ownTool({
		name: 'mse_waiting',
		description:
			'Say what waits for somebody and for whom: approvals, runs, what operators were asked and did not answer, issues under way, a paused server, and requests for your own sessions, also those that you took and did not answer.',
		input: Type.Object({}),
		hints: looks,
		async run(_, call) {
			const client = call.server()
			const [{ approvals }, { runs }, { requests }, { issues }, status] = await Promise.all([
				client.answer(client.v1.approvals.get({ query: { status: 'pending', limit: MOST } })),
				client.answer(client.v1.runs.get({ query: { status: 'running', limit: MOST } })),
				client.answer(client.v1.requests.get({ query: { limit: MOST } })),
				client.answer(client.v1.issues.get({ query: { status: 'in_flight', limit: MOST } })),
				client.answer(client.v1.status.get()),
			])
			const waiting = runs.filter(({ phase }) => phase !== null && phase !== 'running').map(toSummary)
			return {
				...(status.paused && { server_paused: status.paused }),
				approvals: approvals.map(({ id, kind, subject, requester, run_id, age_secs, deadline_at }) => ({
					id,
					kind,
					subject,
					requester,
					run_id,
					age_secs,
					deadline_at,
				})),
				runs: waiting,
				requests,
				your_requests: call.desk.waitingFrames(),
				your_requests_in_hand: call.desk.takenFrames(),
				issues_in_flight: issues.map(({ issue_id, blueprint_id, run_id, interrupted }) => ({
					...{ issue_id, blueprint_id, run_id },
					...(interrupted !== undefined && { interrupted }),
				})),
				...([approvals, runs, requests, issues].some((list) => list.length === MOST) && {
					note: `At most ${MOST} of each are shown; mse_approvals, mse_runs and mse_issues list them all.`,
				}),
			}
		},
	}),
]
