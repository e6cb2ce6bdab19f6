import { accepted, type ExecutionProfile } from '../../core/worker/execution.ts'

/** `builtin:echo`: answers each turn with what it was told. Always there. */
export const echoProfile: ExecutionProfile = {
	name: 'builtin:echo',
	unavailable: () => null,
	spawn: ({ publish }) => ({
		input: ({ content }) => ({
			runState: 'busy',
			begin() {
				publish({ event: 'status', data: { status: 'running' } })
				publish({ event: 'text_delta', data: { text: content } })
				publish({ event: 'text_done', data: { text: content } })
				publish({ event: 'run_end', data: { result: 'finished' } })
			},
		}),
		stop: async () => accepted('stop', 'stopped'),
		cancel: async () => accepted('cancel', 'stopped'),
		close: async () => {},
	}),
}
