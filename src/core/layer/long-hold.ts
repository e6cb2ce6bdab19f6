import type { Attempt } from '../dispatch/backend.ts'
import type { Layer } from './layer.ts'
import type { LayerDeps } from './layer-deps.ts'

/** Tells of attempts that took longer than `long_hold_warn_ms`, once they are over. They are otherwise left alone. */
export function longHold({ clock }: Pick<LayerDeps, 'clock'>, limitMs: number): Layer {
	return (route, { remark }) => {
		const { perform, resume, pure } = route.worker
		const watch = <T>(attempt: Attempt, work: () => T | Promise<T>): T | Promise<T> => {
			const began = clock.now()
			return withEnd(work, () => {
				const elapsed = clock.now() - began
				if (elapsed <= limitMs) return
				const data = { ref: attempt.agent, attempt: attempt.n, long_hold_warn: true, elapsed_ms: elapsed, default_hold_ms: limitMs }
				remark({ event: 'attempt.held_long', stepId: attempt.stepId, data })
			})
		}
		return {
			...route,
			worker: {
				pure,
				perform: (attempt) => watch(attempt, () => perform(attempt)),
				...(resume && { resume: async (attempt: Attempt) => watch(attempt, () => resume(attempt)) }),
			},
		}
	}
}

/** Stays synchronous when the work is. */
function withEnd<T>(work: () => T | Promise<T>, end: () => void): T | Promise<T> {
	let result: T | Promise<T>
	try {
		result = work()
	} catch (error) {
		end()
		throw error
	}
	if (result instanceof Promise) return result.finally(end)
	end()
	return result
}
