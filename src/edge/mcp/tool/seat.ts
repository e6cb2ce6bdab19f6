import { type Static, Type } from '@sinclair/typebox'
import { AcquireBodySchema } from '../../../protocol/seat.ts'
import { pathId } from '../../client/client.ts'
import { actingAs } from '../credential.ts'
import { RunIdSchema, StepIdSchema } from '../id.ts'
import { looks, moves, swarmTool, type ToolCall } from '../tool.ts'

const OneSid = Type.Optional(Type.String({ description: 'the session you look as; may be left out when only one was joined here' }))
const OfRun = Type.Object({ run_id: RunIdSchema, sid: OneSid })

/** Who answers for a run, and taking over from them. */
export const seatTools = [
	swarmTool({
		name: 'mse_run_assignees',
		description: 'Show the seats of a run and who holds each.',
		input: OfRun,
		hints: looks,
		async run(asked, call) {
			const { client, run, headers } = lookAt(asked, call)
			return client.answer(run.assignees.get({ headers }))
		},
	}),
	swarmTool({
		name: 'mse_run_handover',
		description: 'Show what you have to know before you take over a run: its seats, and the requests nobody answered.',
		input: OfRun,
		hints: looks,
		async run(asked, call) {
			const { client, run, headers } = lookAt(asked, call)
			return client.answer(run.handover.get({ headers }))
		},
	}),
	swarmTool({
		name: 'mse_run_material',
		description: 'Show what the worker of a step was given: its prompt and context.',
		input: Type.Object({ run_id: RunIdSchema, step_id: StepIdSchema, sid: OneSid }),
		hints: looks,
		isWhole: true,
		async run({ step_id, ...asked }, call) {
			const { client, run, headers } = lookAt(asked, call)
			return client.answer(run.material.get({ query: { step_id }, headers }))
		},
	}),
	swarmTool({
		name: 'mse_run_acquire',
		description: 'Take over a seat of a run for a session; what the holder before had not answered is asked of the new one.',
		input: Type.Object({
			run_id: RunIdSchema,
			op: Type.String({ description: 'the sid of the session that takes over' }),
			desc: Type.String({ description: 'who that is and why' }),
			slot: AcquireBodySchema.properties.slot,
		}),
		hints: moves,
		async run({ run_id, op, desc, slot = null }, call) {
			const client = call.server()
			return client.answer(client.v1.runs(pathId(run_id)).acquire.post({ op, desc, slot }))
		},
	}),
]

/** A run as the session sees it that was named, or that is the only one here. */
function lookAt({ run_id, sid }: Static<typeof OfRun>, call: ToolCall) {
	const client = call.server()
	return { client, run: client.v1.runs(pathId(run_id)), headers: actingAs(call.desk, client, sid) }
}
