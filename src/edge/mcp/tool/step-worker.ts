import { Type } from '@sinclair/typebox'
import { WorkerDegradationReqSchema, WorkerStatsReqSchema } from '../../../protocol/worker.ts'
import type { MseClient } from '../../client/client.ts'
import { operatorApi } from '../../client/operator-api.ts'
import { invalidParams } from '../argument.ts'
import { StepIdSchema } from '../id.ts'
import { adds, looks, swarmTool, type ToolCall } from '../tool.ts'

const Handle = Type.String({ minLength: 1, description: 'worker_handle of the spawn request' })
const BaseUrl = Type.Optional(Type.String({ description: 'only needed in a process that did not take the request itself' }))

const fetchTool = swarmTool({
	name: 'mse_worker_fetch',
	description: 'Get the prompt of a step, its system prompt and its context, with the worker_handle of a spawn request.',
	input: Type.Object({
		worker_handle: Handle,
		base_url: BaseUrl,
		task_id: Type.Optional({
			...StepIdSchema,
			description: 'task_id of the request; only needed in a process that did not take it itself',
		}),
		system_ref_path: Type.Optional(Type.String({ description: 'not needed: the system prompt is always in the answer' })),
	}),
	hints: looks,
	isWhole: true,
	async run({ worker_handle, base_url, task_id }, call) {
		const taskId = task_id ?? call.desk.routeOf(worker_handle)?.taskId
		if (taskId === undefined)
			throw invalidParams('Which step is that handle for? Name its `task_id`.', 'It is in the request, beside the handle.')
		return operatorApi(clientFor(call, worker_handle, base_url).url).prompt(worker_handle, taskId, call.signal)
	},
})

const submitTool = swarmTool({
	name: 'mse_worker_submit',
	description:
		'Hand in the result of a step, as text. ok false blocks the step with it. With `name` it is a named part beside the result. degradations: tools that failed and what you did instead. Then mse_ack the request.',
	input: Type.Object({
		worker_handle: Handle,
		base_url: BaseUrl,
		body: Type.String({ description: 'the result; an object or list as JSON text is read as such' }),
		ok: Type.Optional(Type.Boolean({ description: 'default true' })),
		name: Type.Optional(Type.String({ minLength: 1, description: 'submit a part under this name, not the result' })),
		degradations: Type.Optional(Type.Array(WorkerDegradationReqSchema)),
		stats: Type.Optional(WorkerStatsReqSchema),
	}),
	hints: adds,
	async run({ worker_handle, base_url, body, ok = true, name, degradations = [], stats }, call) {
		if (name !== undefined && !ok)
			throw invalidParams('A part (`name`) cannot block a step (`ok: false`).', 'Submit the part first, then the result.')
		const client = clientFor(call, worker_handle, base_url)
		const { worker } = client.v1
		const as = { headers: { authorization: `Bearer ${worker_handle}` } }
		for (const degradation of degradations) await client.answer(worker.degradation.post(degradation, as))
		if (stats) await client.answer(worker.stats.post(stats, as))
		if (name === undefined) await operatorApi(client.url).submit(worker_handle, body, ok, call.signal)
		else await operatorApi(client.url).artifact(worker_handle, name, body, call.signal)
		return { submitted: true }
	},
})

export const stepWorkerTools = [fetchTool, submitTool]

/** The server that the handle is of. */
function clientFor(call: ToolCall, handle: string, baseUrl: string | undefined): MseClient {
	return call.server(baseUrl?.replace(/\/+$/, '') ?? call.desk.routeOf(handle)?.baseUrl)
}
