import { loadConfig } from '../../../src/config.ts'
import type { Presented } from '../../../src/core/output/face-deps.ts'
import { openEngine } from '../../../src/engine/engine.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { MseError } from '../../../src/kernel/error.ts'
import type { StepId } from '../../../src/kernel/id.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import { eventually } from '../../support/eventually.ts'
import { connect } from '../../support/operator-world.ts'

const blueprint = {
	id: 'model',
	flow: { kind: 'step', ref: 'scout', in: { op: 'lit', value: 'look' }, out: { op: 'path', at: '$.found' } },
	agents: [{ name: 'scout', kind: 'operator', spec: { operator_ref: 'main-ai' } }],
	operators: [{ name: 'main-ai' }],
}
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A whole engine in memory, with an operator whose connection the test plays, and no edge that could delay anything. */
export async function modelWorld() {
	const flags = new Map([['ephemeral', ['true']]])
	const config = loadConfig({ flags, env: { HOME: '/nonexistent' }, readFile: () => undefined })
	const engine = await openEngine({ config, dir: null, clock: systemClock, log: silentLogger, environment: {}, baseUrl: () => undefined })
	const { session } = await engine.sessions.join({ roles: ['main-ai'] })
	return {
		engine,
		/** A run whose one step has just been asked for. */
		async newRun() {
			let peer = connect(engine.hub, session.sid)
			peer.say({ type: 'hello', api_version: 'v1' })
			const launched = await engine.service.launch({ reference: { kind: 'inline', raw: blueprint }, initCtx: {}, detach: true })
			launched.ended.catch(() => {})
			const frame = await eventually(() => peer.spawns()[0], { what: 'the spawn' })
			if (frame.type !== 'spawn') throw new Error('no spawn')
			const presented: Presented = { authorization: `Bearer ${frame.worker_handle}` }
			const { face, hub } = engine
			const stepId = frame.task_id as StepId
			return {
				...{ runId: launched.run.id, stepId, ended: launched.ended },
				submit: (text: string) => outcomeOf(face.submit(presented, {}, bytes(text))),
				artifact: (name: string, text: string) => outcomeOf(face.artifact(presented, name, bytes(text))),
				report: () => outcomeOf(face.stats(presented, { num_turns: 1 })),
				/** Resolves once the reply is receipted. */
				async ack(value: string) {
					const own = peer
					const before = receipts(own)
					own.say({ type: 'spawn_ack', req_id: frame.req_id, value, ok: true })
					await eventually(() => receipts(own) > before, { what: 'the receipt' })
				},
				/** Says it and waits for nothing. */
				ackBlindly: (value: string) => peer.say({ type: 'spawn_ack', req_id: frame.req_id, value, ok: true }),
				heartbeat: () => peer.read(),
				mumble: () => peer.mumble(),
				reconnect() {
					peer.drop()
					peer = connect(hub, session.sid)
					peer.say({ type: 'hello', api_version: 'v1' })
				},
				redeliver: () => outcomeOf(hub.redeliver(session.sid, frame.req_id)),
				/** Requests this connection was sent that are none of this run's. */
				strangers: () => peer.spawns().filter((spawn) => spawn.type === 'spawn' && spawn.req_id !== frame.req_id),
				tail: async () => (await engine.outputs.listForAttempt(stepId, 1, 'tail')).map(({ event }) => event),
				log: () => engine.events.read(0, { run: launched.run.id }, 10_000),
				leave: () => peer.drop(),
			}
		},
		[Symbol.asyncDispose]: () => engine.stop(),
	}
}

export type ModelRun = Awaited<ReturnType<Awaited<ReturnType<typeof modelWorld>>['newRun']>>

const receipts = ({ frames }: ReturnType<typeof connect>): number => frames.filter(({ type }) => type === 'received').length

/** `kept`, or the kind of the refusal. */
async function outcomeOf(call: Promise<unknown>): Promise<string> {
	try {
		await call
		return 'kept'
	} catch (error) {
		if (error instanceof MseError) return error.kind
		throw error
	}
}
