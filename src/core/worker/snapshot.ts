import type { ProtocolEvent } from '../../protocol/runtime-frame.ts'
import type { TranscriptLine, WorkerRecord } from './worker.ts'

/** Lines of the transcript that a new observer is shown. */
export const SNAPSHOT_LINES = 64

/** How a worker stands, as the first thing an observer sees: the end of its transcript, and text that is being written. */
export function snapshotOf({ id, execution }: WorkerRecord, lines: readonly TranscriptLine[], unfinished: string): ProtocolEvent {
	return {
		event: 'snapshot',
		data: {
			entries: lines.map(({ sequence, role, content }) => ({ sequence, role, content })),
			greeting: {
				worker_name: id,
				cwd: '',
				provider: 'worker-runtime',
				model: 'worker-runtime',
				scope_summary: 'runtime worker observation',
				tools: [],
				context_window: 0,
				context_tokens: 0,
			},
			status: execution.run_state === 'busy' ? 'running' : 'idle',
			...(unfinished !== '' && { in_flight: { blocks: [{ kind: 'text', text: unfinished }] } }),
		},
	}
}
