import { type TObject, Type } from '@sinclair/typebox'
import { RECV_WAIT_MAX_SECS } from '../../protocol/hive.ts'
import {
	DataEmitVerbSchema,
	DataGetVerbSchema,
	MseAckSchema,
	WorkerPromptVerbSchema,
	WorkerSubmitVerbSchema,
} from '../../protocol/hive-bridge.ts'

/** Whose tools: those of any agent, or of the manager. */
export type HiveRole = 'agent' | 'manager'

/** A tool is a verb of the socket; its arguments are the other keys of the request. */
export interface HiveTool {
	readonly name: string
	readonly description: string
	readonly input: TObject
	/** Whether it does no harm when a request is made twice. */
	readonly mayRepeat: boolean
}

const tool = (name: string, mayRepeat: boolean, description: string, input: TObject = Type.Object({})): HiveTool => ({
	...{ name, description, input, mayRepeat },
})

const agentTools: readonly HiveTool[] = [
	tool(
		'send',
		false,
		'Send a message to another agent, to "manager", to "operator" (the person), or back to the "runtime:…" that a message came from.',
		Type.Object({ to: Type.String(), body: Type.String() }),
	),
	tool(
		'recv',
		true,
		'Take the oldest message of your inbox; {"kind":"empty"} when there is none. Messages from "system" are requests as JSON: answer them with mse_ack.',
		Type.Object({
			wait_seconds: Type.Optional(
				Type.Integer({ minimum: 0, maximum: RECV_WAIT_MAX_SECS, description: 'wait so long for one; by default not at all' }),
			),
		}),
	),
	tool('status', true, 'Count the messages that wait in your inbox.'),
	tool('mse_ack', true, 'Answer a request of the system by its req_id.', MseAckSchema),
	tool('worker_prompt', true, 'Get the prompt of a step, with the worker_handle of its spawn request.', WorkerPromptVerbSchema),
	tool('worker_submit', true, 'Submit the result of a step, raw, before acknowledging its spawn request.', WorkerSubmitVerbSchema),
	tool('data_emit', false, 'Put down a body for other workers of the same run; gives its out_id.', DataEmitVerbSchema),
	tool('data_get', true, 'Read a body that a worker of the run put down, by its out_id or name.', DataGetVerbSchema),
]

const managerTools: readonly HiveTool[] = [
	...agentTools,
	tool(
		'request_spawn',
		true,
		'Ask for a new agent; a person decides, and you are told by a message.',
		Type.Object({ name: Type.String() }),
	),
	tool('kill', true, 'Stop an agent.', Type.Object({ name: Type.String() })),
	tool(
		'request_apply_commit',
		false,
		'Ask for a commit of the config repository of an agent to be deployed; a person decides, and you are told by a message.',
		Type.Object({ agent: Type.String(), commit_ref: Type.String({ description: 'hex object name' }) }),
	),
]

export const hiveTools = (role: HiveRole): readonly HiveTool[] => (role === 'manager' ? managerTools : agentTools)
