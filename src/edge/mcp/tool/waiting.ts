import { Type } from '@sinclair/typebox'
import { MseError } from '../../../kernel/error.ts'
import { type MseClient, pathId } from '../../client/client.ts'
import { actingAs } from '../credential.ts'
import { looks, ownTool, type ToolCall } from '../tool.ts'
import { toSummary } from './run.ts'

const MOST = 50
/** So many runs are asked for what operators have not answered; the newest. */
const MOST_ASKED = 20

/** Everything that goes on only when somebody does something. */
export const waitingTools = [
	ownTool({
		name: 'mse_waiting',
		description:
			'Say what waits for somebody and for whom: approvals, runs with what operators were asked and did not answer, issues under way, a paused server, and requests for your own sessions, also those that you took and did not answer.',
		input: Type.Object({}),
		hints: looks,
		async run(_, call) {
			const client = call.server()
			const [{ approvals }, { runs }, { issues }, status] = await Promise.all([
				client.answer(client.v1.approvals.get({ query: { status: 'pending', limit: MOST } })),
				client.answer(client.v1.runs.get({ query: { status: 'running', limit: MOST } })),
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
				requests: await unansweredOf(
					call,
					client,
					runs.map(({ id }) => id),
				),
				your_requests: call.desk.waitingFrames(),
				your_requests_in_hand: call.desk.takenFrames(),
				issues_in_flight: issues.map(({ issue_id, blueprint_id, run_id }) => ({ issue_id, blueprint_id, run_id })),
				...([approvals, runs, issues].some((list) => list.length === MOST) && {
					note: `At most ${MOST} of each are shown; mse_approvals, mse_runs and mse_issues list them all.`,
				}),
			}
		},
	}),
]

/** What operators were asked, run by run. Only operators and the admin token see it. */
async function unansweredOf(call: ToolCall, client: MseClient, runs: readonly string[]) {
	if (call.desk.only === undefined && client.headers.authorization === undefined)
		return 'Join with mse_operator_join, or set MSE_TOKEN, to see them.'
	const headers = actingAs(call.desk, client, undefined)
	const handovers = runs.slice(0, MOST_ASKED).map(async (run_id) => {
		const { unanswered } = await client.answer(client.v1.runs(pathId(run_id)).handover.get({ headers })).catch(ended)
		return unanswered.map(({ req_id, kind, slot, op, step_id, attempt }) => ({ run_id, req_id, kind, slot, op, step_id, attempt }))
	})
	return (await Promise.all(handovers)).flat()
}

/** A run that was deleted meanwhile. */
function ended(thrown: unknown): { readonly unanswered: [] } {
	if (thrown instanceof MseError && thrown.kind === 'not_found') return { unanswered: [] }
	throw thrown
}
