import type { ExecutionContext, ExecutionProfile } from '../../../core/worker/execution.ts'
import type { ProcessProfile } from '../../../protocol/runtime-profile.ts'
import { ATTEMPT_KEY, type EnvironmentSource, inheritedVariables } from '../environment.ts'
import type { WorkerProcessOptions } from './command.ts'
import { oneShotExecution } from './one-shot.ts'
import { openSession } from './session.ts'

/** `process:<name>`: a child that lives as long as its worker, or a child for each turn. */
export function processProfile(name: string, settings: ProcessProfile, options: WorkerProcessOptions): ExecutionProfile {
	return {
		name: `process:${name}`,
		rests: settings.mode === 'one_shot',
		unavailable: () => missing(settings, options),
		spawn(context) {
			const command = { settings, ...variables(settings, options, context) }
			return settings.mode === 'one_shot' ? oneShotExecution(command, context, options) : openSession(command, context, options)
		},
	}
}

function missing({ argv: [program = ''] }: ProcessProfile, { environment }: EnvironmentSource): string | null {
	const found = Bun.which(program, { PATH: environment.PATH ?? '' })
	return found === null ? `the program ${program} is not there` : null
}

function variables(settings: ProcessProfile, options: WorkerProcessOptions, { workerId, generation }: ExecutionContext) {
	const key = `${options.dataDirId}:${workerId}:${generation}`
	const inherited = inheritedVariables({ ...options, inherit: settings.inherit ?? [] })
	const url = options.baseUrl()
	const identity = { MSE_WORKER_ID: workerId, [ATTEMPT_KEY]: key, ...(url !== undefined && { MSE_BASE_URL: url }) }
	return { key, env: { ...inherited, ...settings.env, ...identity } }
}
