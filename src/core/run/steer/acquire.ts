import { MseError } from '../../../kernel/error.ts'
import type { RunId } from '../../../kernel/id.ts'
import { operatorRefOf } from '../../blueprint/operator-kind.ts'
import type { Plan } from '../../dispatch/plan.ts'
import { outOfScope, slotOf } from '../launch/launch-operator.ts'
import type { OperatorDirectory } from '../launch/operator-directory.ts'
import type { Run, Seat } from '../record.ts'
import type { RunStore } from '../store.ts'

export interface SeatDeps {
	readonly runs: RunStore
	readonly operators: OperatorDirectory
	planOf(hash: string): Promise<Plan>
	/** Told once a seat has its new holder on disk; `previous` is who held it before. */
	seatAssigned(runId: RunId, seat: Seat, previous: string | null): void
}

export interface AcquireRequest {
	/** Whom to seat: an operator's sid or role. One that nobody knows may be seated as well; its work waits. */
	readonly op: string
	readonly desc: string
	readonly slot?: string
}

export interface Acquired {
	readonly run: Run
	readonly seat: Seat
	readonly previous: Seat | null
	/** Requests withdrawn from the one before; null when it is no live session. */
	readonly discarded: number | null
}

/**
 * Gives a seat to an operator, whoever held it before; the last writer wins. Throws `malformed` for a blank name or a bad
 * slot, `not_found` for an unknown run, and `forbidden` when the operator joined for other Blueprints.
 */
export async function acquireSeat(deps: SeatDeps, runId: RunId, request: AcquireRequest): Promise<Acquired> {
	const [name, desc] = [required('op', request.op), required('desc', request.desc)]
	const run = await deps.runs.run(runId)
	if (!run) throw new MseError('not_found', `Run ${runId} does not exist.`, { code: 'unknown_run' })
	const slot = await slotFor(deps, run, request.slot)
	if (!deps.operators.takes(name, run.blueprintId)) throw outOfScope('forbidden', name, run.blueprintId)
	const op = (await deps.operators.find(name)) ?? name
	const { seat, previous, discarded } = await deps.runs.assignSeat(runId, slot, op, desc, 'acquire')
	deps.seatAssigned(runId, seat, previous?.op ?? null)
	const wasLive = previous !== null && (await deps.operators.find(previous.op)) !== null
	return { run, seat, previous, discarded: wasLive ? discarded : null }
}

/** The seats the run's Blueprint declares, in its order; null when it cannot be read any more. */
export async function declaredSlots(deps: Pick<SeatDeps, 'planOf'>, run: Run): Promise<readonly string[] | null> {
	const plan = await deps.planOf(run.blueprintHash).catch(() => null)
	return plan === null ? null : plan.blueprint.operators.map(({ name }) => name)
}

async function slotFor(deps: SeatDeps, run: Run, named: string | undefined): Promise<string> {
	const plan = await deps.planOf(run.blueprintHash).catch(() => null)
	const held = run.seats.map(({ slot }) => slot)
	const referred = plan?.blueprint.agents.flatMap((agent) => (agent.kind === 'operator' ? (operatorRefOf(agent) ?? []) : [])) ?? []
	if (named !== undefined && (held.includes(named) || referred.includes(named))) return named
	return slotOf(plan?.blueprint.operators.map(({ name }) => name) ?? held, named)
}

function required(key: string, value: string): string {
	const trimmed = value.trim()
	if (trimmed !== '') return trimmed
	throw new MseError('malformed', `${key} must not be blank.`, { code: `blank_${key}` })
}
