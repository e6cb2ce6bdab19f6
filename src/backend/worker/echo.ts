import { accepted, type Execution, type ExecutionContext, type ExecutionProfile } from '../../core/worker/execution.ts'
import type { WorkerInput } from '../../protocol/runtime-worker.ts'

/** `builtin:echo`: answers each turn with what it was told. Always there. */
export const echoProfile: ExecutionProfile = {
	name: 'builtin:echo',
	rests: true,
	unavailable: () => null,
	spawn: (context) => ({ input: (input) => answer(context, input), ...ENDS }),
}

const ENDS = {
	stop: async () => accepted('stop', 'stopped'),
	cancel: async () => accepted('cancel', 'stopped'),
	close: async () => {},
} satisfies Omit<Execution, 'input'>

function answer({ publish }: ExecutionContext, { content }: WorkerInput) {
	return {
		runState: 'busy' as const,
		begin() {
			publish({ event: 'status', data: { status: 'running' } })
			publish({ event: 'text_delta', data: { text: content } })
			publish({ event: 'text_done', data: { text: content } })
			publish({ event: 'run_end', data: { result: 'finished' } })
		},
	}
}
