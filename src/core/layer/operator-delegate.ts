import type { Worker } from '../dispatch/backend.ts'
import type { Run } from '../run/record.ts'
import type { Layer } from './layer.ts'
import { faceFinder, type LayerDeps } from './layer-deps.ts'

/**
 * Hands whole attempts to the launch's operator instead of the agent's own worker (mlua-swarm 0.1.0), without the agent's
 * system prompt. What the operator replies counts only where its worker posted no Final.
 */
export function operatorDelegate(deps: LayerDeps): Layer {
	return (route, context) => {
		const name = delegateOf(context.run)
		if (name === undefined) return route
		const { worker: own, backend } = route
		const find = faceFinder(deps, 'operator backend', name, route, context)
		return {
			...route,
			backend: { ...backend, name: 'operator', leavesProcess: true },
			worker: delegating({ deps, own, whole: deps.faces.delegate(name), find }),
		}
	}
}

/** A launch of 0.1.0 that pins an operator means that one. */
function delegateOf({ options }: Run): string | undefined {
	const { sid, backendId } = options.operator ?? {}
	return (options.legacyOperator ? sid : undefined) ?? backendId
}

interface Delegation {
	readonly deps: LayerDeps
	/** The agent's own worker. */
	readonly own: Worker
	/** The operator's. */
	readonly whole: Worker
	find(): Promise<unknown>
}

function delegating({ deps, own, whole, find }: Delegation): Worker {
	const ownResume: NonNullable<Worker['resume']> = async (attempt) => {
		attempt.resumable(own.resume !== undefined)
		return own.resume?.(attempt) ?? null
	}
	return {
		pure: false,
		async perform(attempt) {
			if ((await find()) !== null) return whole.perform(attempt)
			attempt.resumable(own.resume !== undefined)
			return own.perform(attempt)
		},
		async resume(attempt) {
			const spawn = await deps.faces.standing(attempt.stepId, 'spawn')
			if (spawn?.attempt === attempt.n) return spawn.isByName ? (whole.resume?.(attempt) ?? null) : ownResume(attempt)
			// Nothing tells whether the agent's own worker had begun, unless it keeps that itself.
			return (await find()) === null ? ownResume(attempt) : null
		},
	}
}
