import type { Clock } from '../../kernel/clock.ts'
import type { Logger } from '../../kernel/log.ts'
import type { AttemptStore } from '../dispatch/attempt-store.ts'
import type { Route } from '../dispatch/plan.ts'
import type { OutputStore } from '../output/store.ts'
import type { OperatorFaces } from './face.ts'
import type { LayerContext } from './layer.ts'

/** What the built-in layers need of the rest. */
export interface LayerDeps {
	readonly faces: OperatorFaces
	readonly outputs: Pick<OutputStore, 'listForAttempt'>
	readonly attempts: Pick<AttemptStore, 'reportStats'>
	readonly clock: Clock
	readonly log: Logger
}

export type FaceRegistry = 'spawn hook' | 'senior bridge' | 'operator backend'

/**
 * Looks a face up at each dispatch. An id that no live session bears fails nothing; it is told once for each agent of a run,
 * in the log and as an event.
 */
export function faceFinder({ faces, log }: LayerDeps, registry: FaceRegistry, id: string, { agent }: Route, { run, remark }: LayerContext) {
	let isTold = false
	return async () => {
		const sid = await faces.find(id)
		if (sid !== null || isTold) return sid
		isTold = true
		const message = `No live operator session answers for the ${registry} '${id}' of agent '${agent.name}'; it is left out.`
		log.warn(message, { run_id: run.id, registry, id, agent: agent.name })
		remark({ event: 'run.warned', data: { code: 'unknown_face', registry, id, agent: agent.name, message } })
		return null
	}
}
