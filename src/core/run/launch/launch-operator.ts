import { MseError } from '../../../kernel/error.ts'
import type { Blueprint } from '../../../protocol/blueprint.ts'
import { isAlwaysDeclared, operatorRefOf } from '../../blueprint/operator-kind.ts'
import type { Seat } from '../record.ts'
import type { OperatorDirectory } from './operator-directory.ts'
import type { LaunchRequest } from './request.ts'

/**
 * The seats a launch fills, or null when it names no operator. The named operator gets its slot first and every other
 * declared one with it (mlua-swarm 0.26.0). A call with neither desc nor slot is one of 0.1.0: its operator gets them all.
 */
export async function pinSeats(
	operators: OperatorDirectory,
	blueprint: Blueprint,
	request: LaunchRequest,
): Promise<readonly Seat[] | null> {
	const name = request.operator?.sid
	if (name === undefined) return null
	const declared = blueprint.operators.map((operator) => operator.name)
	const legacy = isLegacy(request)
	if (!legacy && !request.operatorDesc?.trim())
		throw new MseError('malformed', 'operator_desc is required and must not be blank when operator_sid is set', {
			code: 'operator_desc_required',
			hint: 'Send "operator_desc": "<who this operator is>".',
		})
	const sid = await operators.find(name)
	if (sid === null)
		throw new MseError('malformed', `operator_sid: no such registered operator session '${name}'`, {
			code: 'unknown_operator',
			hint: 'Join with POST /v1/operators first, and use the sid it answers.',
		})
	if (!operators.takes(sid, blueprint.id)) throw outOfScope('malformed', name, blueprint.id)
	const first = legacy ? declared[0] : slotOf(declared, request.operatorSlot)
	const desc = request.operatorDesc?.trim() ?? `pinned at launch by ${name}`
	return [...declared]
		.sort((a, b) => Number(b === first) - Number(a === first))
		.map((slot, index) => ({ slot, op: sid, desc: index === 0 ? desc : `${desc} (also seated here)`, generation: index + 1 }))
}

/** Whether a launch that pins an operator is one of 0.1.0. */
export function isLegacy({ operator, operatorDesc, operatorSlot }: LaunchRequest): boolean {
	return operator?.sid !== undefined && operatorDesc === undefined && operatorSlot === undefined
}

/** A session that joined for certain Blueprints is never given work of another. */
export function outOfScope(kind: 'malformed' | 'forbidden', name: string, blueprintId: string | null): MseError {
	return new MseError(kind, `Operator '${name}' joined for other Blueprints than '${blueprintId ?? 'an inline one'}'.`, {
		code: 'operator_scope',
		hint: 'Name another operator, or join again with a wider "scope".',
	})
}

/** The seat a call means: the one it names, or the only one declared. */
export function slotOf(declared: readonly string[], named: string | undefined): string {
	const listed = declared.map((slot) => `"${slot}"`).join(', ')
	const refuse = (message: string): never => {
		throw new MseError('malformed', message, { code: 'bad_operator_slot', hint: `Declared slots: [${listed}].` })
	}
	if (declared.length === 0) return refuse('operator_slot: the Blueprint declares no operators')
	if (named !== undefined) return declared.includes(named) ? named : refuse(`operator_slot: '${named}' is not a declared operator`)
	return declared.length === 1 ? (declared[0] ?? '') : refuse('operator_slot: several operators are declared; name one')
}

/** An unpinned launch that needs an operator is refused while no session lives at all. */
export async function refuseWithoutOperator(operators: OperatorDirectory, blueprint: Blueprint): Promise<void> {
	const needed = blueprint.agents.find((agent) => agent.kind === 'operator' && !isAlwaysDeclared(operatorRefOf(agent) ?? ''))
	if (!needed || (await operators.anyLive())) return
	throw new MseError('unavailable', `Agent '${needed.name}' needs an operator, and no operator session is alive.`, {
		code: 'no_operator',
		hint: 'Join one: mse-server operator --url <this server> --exec <command>, or POST /v1/operators.',
	})
}
