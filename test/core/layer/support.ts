import type { Attempt, Completion, Worker } from '../../../src/core/dispatch/backend.ts'
import { stopOf } from '../../../src/core/dispatch/stop.ts'
import { defaultLayerRegistry } from '../../../src/core/layer/default-registry.ts'
import type { FaceQuestion, OperatorFaces } from '../../../src/core/layer/face.ts'
import type { Run } from '../../../src/core/run/record.ts'
import type { Clock } from '../../../src/kernel/clock.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { asSessionId, type StepId } from '../../../src/kernel/id.ts'
import type { Json } from '../../../src/kernel/json.ts'
import { type Logger, silentLogger } from '../../../src/kernel/log.ts'
import type { ClientReply, ServerMsg } from '../../../src/protocol/operator-frame.ts'
import { eventually } from '../../support/eventually.ts'
import { type RunWorld, type RunWorldOptions, runWorld } from '../../support/run-world.ts'

type Kind = FaceQuestion['kind'] | 'spawn'
type Unaddressed = { [T in ClientReply['type']]: Omit<Extract<ClientReply, { type: T }>, 'req_id'> }[ClientReply['type']]

/** A request as it would stand on disk. */
interface Kept {
	readonly reqId: string
	readonly kind: Kind
	readonly stepId: StepId
	readonly attempt: number
	readonly frame: Json
	reply: ClientReply | null
	waiters: ((reply: ClientReply) => void)[]
}

/** Operators played by the test; what it keeps outlives a world, as a disk would. */
export class FakeFaces {
	readonly asked: Kept[] = []
	readonly told: ServerMsg[] = []
	/** Names that a live session bears. */
	readonly live = new Set(['hook', 'bridge', 'backend'])
	/** What is answered at once; undefined leaves the request open. */
	replies: (kind: Kind, frame: Json) => Unaddressed | undefined = () => undefined

	answer(kept: Kept | undefined, reply: Unaddressed): void {
		if (!kept) throw new Error('nothing was asked')
		kept.reply = { ...reply, req_id: kept.reqId } as ClientReply
		for (const waiter of kept.waiters) waiter(kept.reply)
	}

	/** What the layers of one life of the server see; whoever waited in the life before is gone. */
	port(): OperatorFaces {
		for (const kept of this.asked) kept.waiters = []
		const ask = (kind: Kind, attempt: Attempt, frame: Json): Promise<ClientReply> => {
			const kept = this.#keptOf(kind, attempt, frame)
			if (kept.reply) return Promise.resolve(kept.reply)
			return new Promise((resolve, reject) => {
				kept.waiters.push(resolve)
				attempt.signal.addEventListener('abort', () => reject(stopOf(attempt.signal)), { once: true })
			})
		}
		const delegate = async (attempt: Attempt): Promise<Completion> => {
			const reply = await ask('spawn', attempt, { agent: attempt.agent })
			return reply.type === 'spawn_ack' ? { final: { value: (reply.value ?? null) as Json, ok: reply.ok ?? true } } : {}
		}
		return {
			find: async (name) => (this.live.has(name) ? asSessionId(`S-${name}`) : null),
			standing: async (stepId, kind) => {
				const kept = this.asked.findLast((one) => one.stepId === stepId && one.kind === kind)
				return kept ? { reqId: kept.reqId, attempt: kept.attempt, reply: kept.reply, isByName: true } : null
			},
			ask: ({ kind, attempt, frame }) => ask(kind, attempt, frame),
			tell: (_sid, frame) => void this.told.push(frame),
			delegate: () => ({ pure: false, perform: delegate, resume: delegate }),
		}
	}

	#keptOf(kind: Kind, { stepId, n: attempt }: Attempt, frame: Json): Kept {
		const before = this.asked.find((one) => one.stepId === stepId && one.attempt === attempt && one.kind === kind)
		if (before) return before
		const kept: Kept = { reqId: `req-${this.asked.length}`, kind, stepId, attempt, frame, reply: null, waiters: [] }
		this.asked.push(kept)
		const reply = this.replies(kind, frame)
		if (reply) this.answer(kept, reply)
		return kept
	}
}

export interface LayerWorldOptions extends Pick<RunWorldOptions, 'workers' | 'dir' | 'clock' | 'operators'> {
	readonly faces?: FakeFaces
	readonly longHoldMs?: number
	readonly log?: Logger
}

/** Runs with the built-in layers, and operators in the test's hand. */
export function layerWorld(options: LayerWorldOptions): RunWorld & { readonly faces: FakeFaces } {
	const { faces = new FakeFaces(), log = silentLogger, longHoldMs = null } = options
	const clock: Clock = options.clock ?? systemClock
	const world = runWorld({
		...options,
		layers: (stores) => defaultLayerRegistry({ ...stores, faces: faces.port(), clock, log }, { longHoldMs }),
	})
	return Object.assign(world, { faces })
}

export const pure = (fn: (prompt: Json) => Json): Worker => ({
	pure: true,
	perform: ({ prompt }) => ({ final: { value: fn(prompt), ok: true } }),
})

/** A worker that counts how often it is called. */
export function counted(perform: (attempt: Attempt) => Promise<Completion>): Worker & { readonly calls: number[] } {
	const calls: number[] = []
	return {
		pure: false,
		calls,
		perform(attempt) {
			calls.push(attempt.n)
			return perform(attempt)
		},
	}
}

export const passes = (value: Json): Worker & { readonly calls: number[] } => counted(async () => ({ final: { value, ok: true } }))
export const blocks = (value: Json): Worker & { readonly calls: number[] } => counted(async () => ({ final: { value, ok: false } }))
/** Ends only when it is stopped. */
export const hangs = (): Worker & { readonly calls: number[] } =>
	counted(({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true })))

export const until = <T>(what: string, fn: () => T | Promise<T>) => eventually(fn, { what })

/** The sentence a failed run ended with. */
export function failureOf(run: Run): string {
	const { result } = run
	return (result as { error?: { message?: string } }).error?.message ?? JSON.stringify(result)
}

export async function eventsOf(world: RunWorld, prefix = ''): Promise<Record<string, unknown>[]> {
	return (await world.events.read(0, { kinds: [prefix] }, 1000)).map(({ kind, data }) => ({ kind, ...data }))
}
