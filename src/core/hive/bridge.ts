import type { Json } from '../../kernel/json.ts'
import type { DataEmitVerb, HarnessState, MseAck, WorkerSubmitVerb } from '../../protocol/hive-bridge.ts'

/** What our own bridge and harness do on an agent's socket beyond its messages. `owner` is the name the socket was opened for. */
export interface HiveBridge {
	/** Answers a request out of the owner's inbox. */
	acknowledge(owner: string, ack: MseAck): Promise<void>
	/** The rest of a step's work goes by its handle. */
	prompt(handle: string): Promise<Json>
	submit(submitted: WorkerSubmitVerb): Promise<void>
	emit(emitted: DataEmitVerb): Promise<Json>
	read(handle: string, key: string): Promise<Json>
	state(owner: string): Promise<HarnessState>
}
