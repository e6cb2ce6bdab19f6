import type { OperatorHub } from '../core/operator/hub.ts'
import type { OperatorSessions } from '../core/operator/sessions.ts'
import type { LaunchDeps } from '../core/run/launch/launch.ts'
import type { SeatDeps } from '../core/run/steer/acquire.ts'
import { asSessionId } from '../kernel/id.ts'

/** What moving a seat needs: the run's rows, and the operators who are to hear of it. */
export function seatDeps(
	{ runs, operators, planOf }: LaunchDeps,
	{ hub, sessions }: { readonly hub: OperatorHub; readonly sessions: OperatorSessions },
): SeatDeps {
	return {
		...{ runs, operators, planOf },
		seatAssigned(runId, { slot, op }, previous) {
			sessions.touch(asSessionId(op))
			hub.seatAssigned(runId, slot, previous)
		},
	}
}
