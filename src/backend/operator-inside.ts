import { operatorRefOf } from '../core/blueprint/operator-kind.ts'
import type { Attempt, Backend, Completion } from '../core/dispatch/backend.ts'
import { raceAbort } from '../kernel/abort.ts'

/** Does an operator's steps inside this process. What it throws fails the attempt; `attempt.signal` says when to stop. */
export type OperatorInside = (attempt: Attempt) => Completion | Promise<Completion>

/** Operators inside this process, by the name that `operator_ref` gives. */
export type OperatorFactory = ReadonlyMap<string, OperatorInside>

/** The backend of operators, with some of them inside this process: their steps need no session, and are never asked of one. */
export function withOperatorsInside(operators: OperatorFactory, sessions: Backend): Backend {
	return {
		...sessions,
		prepare(agent, blueprint) {
			const work = operators.get(operatorRefOf(agent) ?? '')
			if (!work) return sessions.prepare(agent, blueprint)
			return { pure: false, perform: (attempt) => raceAbort(Promise.resolve(work(attempt)), attempt.signal) }
		},
	}
}
