import type { StepId } from '../../kernel/id.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import type { AuditDef, Blueprint } from '../../protocol/blueprint.ts'

/** One look at a finished step. */
export interface Auditor {
	readonly agent: string
	readonly mode: AuditDef['mode']
	/** What is appended to the position of the audited step. */
	readonly segment: string
}

const SEGMENT = '/audit:'

/** Who looks at a step of that agent when it is done. Auditors themselves are looked at by nobody (mlua-swarm 0.9.0). */
export function auditorsOf({ audits }: Blueprint, ref: string): readonly Auditor[] {
	if (audits.length === 0 || audits.some(({ agent }) => agent === ref)) return []
	return audits.flatMap(({ agent, steps, mode }, index) => {
		if (steps && !steps.includes('*') && !steps.includes(ref)) return []
		const isSecond = audits.slice(0, index).some((earlier) => earlier.agent === agent)
		return [{ agent, mode, segment: `${SEGMENT}${agent}${isSecond ? `#${index}` : ''}` }]
	})
}

/** The position of the step that an audit at this position looks at; null when it is no audit's. */
export function auditedPosition(position: string): string | null {
	const at = position.indexOf(SEGMENT)
	return at === -1 ? null : position.slice(0, at)
}

export interface AuditedStep {
	readonly stepId: StepId
	readonly position: string
	readonly ref: string
	readonly attempt: number
	readonly ok: boolean
	readonly value: Json
}

const INSTRUCTION =
	'The step above has finished. Look at final_value in the light of what the step was for, and answer with what you find. ' +
	'Your answer is kept beside the step; it changes neither its value nor its outcome.'

/** What an auditor is asked to do; the wire's own word for a step is `task_id`. */
export function auditDirective({ stepId, ref, attempt, ok, value }: AuditedStep): JsonObject {
	return {
		kind: 'after_run_audit',
		task_id: stepId,
		step_ref: ref,
		attempt,
		ok,
		final_value: value,
		instruction: INSTRUCTION,
	}
}
