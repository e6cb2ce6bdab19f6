import { mintCredentials } from '../../../src/core/access/credential.ts'
import type { AttemptStatus } from '../../../src/core/dispatch/attempt-store.ts'
import type { AgentContext } from '../../../src/core/dispatch/backend.ts'
import type { Presented, WorkerFaceDeps } from '../../../src/core/output/face-deps.ts'
import { type WorkerFace, workerFace } from '../../../src/core/output/worker-face.ts'
import type { Run, RunStatus } from '../../../src/core/run/record.ts'
import { MseError } from '../../../src/kernel/error.ts'
import { newStepId, type StepId } from '../../../src/kernel/id.ts'
import type { Json } from '../../../src/kernel/json.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import type { VerdictContract } from '../../../src/protocol/blueprint.ts'
import { projectionFiles } from '../../../src/store/projection-file.ts'
import { openBlobs } from '../../../src/store/sqlite/blob.ts'
import { SqliteDatabase } from '../../../src/store/sqlite/database.ts'
import { SqliteOutputStore } from '../../../src/store/sqlite/output-store.ts'
import { SqliteAttemptStore } from '../../../src/store/sqlite/run/attempt-store.ts'
import { SqliteRunStore } from '../../../src/store/sqlite/run/run-store.ts'
import { submittedFiles } from '../../../src/store/submitted-file.ts'
import { storedRun } from '../../store/sqlite/support.ts'
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts'

export const secret = new TextEncoder().encode('test-secret')

/** A step whose attempt is under way, and the credentials its worker has. */
export interface Started {
	readonly run: Run
	readonly stepId: StepId
	readonly n: number
	readonly handle: Presented
	readonly token: Presented
	readonly handleText: string
	readonly tokenText: string
}

export interface StepOptions {
	readonly run?: Run
	readonly agent?: string
	readonly prompt?: Json
	readonly system?: string | null
	readonly context?: AgentContext
}

/** Stores in memory with a run that somebody else drives, and the worker's face on top. */
export class WorkerWorld implements Disposable {
	readonly clock: FakeClock = fakeClock()
	readonly db = new SqliteDatabase({ path: ':memory:', clock: this.clock })
	readonly runs = new SqliteRunStore(this.db, openBlobs(undefined))
	readonly outputs = new SqliteOutputStore(this.db, openBlobs(undefined))
	readonly attempts = new SqliteAttemptStore(this.db, openBlobs(undefined))
	/** `<step>#<attempt>` of each Final the face told about. */
	readonly finals: string[] = []
	readonly contracts = new Map<string, VerdictContract>()
	readonly face: WorkerFace

	constructor(over: Partial<WorkerFaceDeps> = {}) {
		const { attempts, outputs, clock, finals, contracts } = this
		this.face = workerFace({
			attempts,
			outputs,
			files: submittedFiles,
			secret,
			clock,
			log: silentLogger,
			limits: { outputBytes: 2 ** 22, parts: 8 },
			openReads: true,
			isTrusted: async (bearer) => bearer === 'trusted',
			agentOf: async (_runId, agent) => ({ verdict: contracts.get(agent) }) as { verdict: VerdictContract },
			projections: projectionFiles,
			stepsFor: async () => [],
			finalArrived: (stepId, n) => void finals.push(`${stepId}#${n}`),
			...over,
		})
	}

	/** A run on disk with nothing begun. */
	newRun(): Promise<Run> {
		return storedRun({ db: this.db, values: openBlobs(undefined) })
	}

	/** Begins a step and its first attempt. */
	async start(options: StepOptions = {}): Promise<Started> {
		const run = options.run ?? (await this.newRun())
		const stepId = newStepId()
		const agent = options.agent ?? 'writer'
		const prompt = options.prompt ?? 'do it'
		await this.runs.record(
			run,
			[{ kind: 'step_began', stepId, position: stepId, ref: agent, inputHash: 'h', prompt, attempt: 0, at: this.clock.now() }],
			0,
		)
		return this.beginAttempt({ run, stepId }, 1, { ...options, agent })
	}

	/** Begins another attempt at a step. */
	async beginAttempt({ run, stepId }: { run: Run; stepId: StepId }, n: number, options: StepOptions = {}): Promise<Started> {
		const minted = mintCredentials(secret, { stepId, n, now: this.clock.now(), ttlSecs: 1800 })
		const { tokenFp, handleHash, handle, token } = minted
		const { agent = 'writer', system = null, context = {} } = options
		const about = { kind: 'attempt_began', stepId, n, ref: agent, backend: 'operator', system, context, at: this.clock.now() } as const
		await this.runs.record(run, [{ ...about, tokenFp, handleHash }], 0)
		const bearer = (text: string): Presented => ({ authorization: `Bearer ${text}` })
		return { run, stepId, n, handle: bearer(handle), token: bearer(token), handleText: handle, tokenText: token }
	}

	async endAttempt({ stepId, n }: Started, status: Exclude<AttemptStatus, 'running'>): Promise<void> {
		await this.db.write(() => {
			this.db.query('UPDATE attempt SET status = ?, ended_at = ? WHERE step_id = ? AND n = ?').run(status, this.clock.now(), stepId, n)
		})
	}

	async endRun(run: Run, to: RunStatus): Promise<void> {
		await this.runs.changeStatus(run.id, { from: ['running'], to, events: [] })
	}

	/** Values of the Finals of an attempt, in order. */
	async tailOf({ stepId, n }: Started) {
		return (await this.outputs.listForAttempt(stepId, n, 'tail')).map(({ event }) => event)
	}

	eventKinds(): string[] {
		return this.db
			.query<{ kind: string }>('SELECT kind FROM event ORDER BY seq')
			.all()
			.map(({ kind }) => kind)
	}

	[Symbol.dispose](): void {
		this.db[Symbol.dispose]()
	}
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Kind, code and sentence of what a call is refused with. */
export async function refusal(call: Promise<unknown>): Promise<{ kind: string; code: string; message: string }> {
	try {
		await call
	} catch (error) {
		if (error instanceof MseError) return { kind: error.kind, code: error.code, message: error.message }
		throw error
	}
	throw new Error('the call was not refused')
}
