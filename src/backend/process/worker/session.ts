import { accepted, type Execution, type ExecutionContext, refused, type TurnAnswer } from '../../../core/worker/execution.ts'
import { runStateOf } from '../../../core/worker/projection.ts'
import { type Clock, sleep } from '../../../kernel/clock.ts'
import { messageOf } from '../../../kernel/error.ts'
import type { ProtocolEvent, ProtocolMethod } from '../../../protocol/runtime-frame.ts'
import type { WorkerInput } from '../../../protocol/runtime-worker.ts'
import type { WorkerCommand, WorkerProcessOptions } from './command.ts'
import { errorEvent, toEvent } from './event-line.ts'
import { openSessionChild, type SessionChild } from './session-child.ts'

const READY_MS = 10_000
const STOP_GRACE_MS = 5000
const LINE_BYTES = 2 ** 20

/** Starts a child and waits for its first line to say that it is ready. Throws an Error that says why it is not. */
export async function openSession(command: WorkerCommand, context: ExecutionContext, options: WorkerProcessOptions): Promise<Execution> {
	const { settings, env, key } = command
	const session = new Session(context, options, settings.turn_timeout_ms, settings.stop_grace_ms ?? STOP_GRACE_MS)
	const leave = options.childSlots.hold(`a process for worker ${context.workerId}`)
	try {
		session.child = openSessionChild(
			{
				...{ argv: settings.argv, env, cwd: settings.cwd, key, lineBytes: settings.line_bytes ?? LINE_BYTES },
				onLine: (line) => session.heard(toEvent(line, settings.stray_lines ?? 'text', options.log)),
				onOverlong: () => session.failed(`a line is longer than ${settings.line_bytes ?? LINE_BYTES} bytes`),
			},
			options,
		)
	} catch (error) {
		leave()
		throw error
	}
	void session.child.ended.then((how) => {
		leave()
		session.over(how)
	})
	await session.whenReady(options.clock, settings.ready_timeout_ms ?? READY_MS)
	return session
}

/** One child of one worker. It does not queue: a turn while it works is refused as busy. */
class Session implements Execution {
	child: SessionChild | undefined
	readonly #context: ExecutionContext
	readonly #options: WorkerProcessOptions
	readonly #turnMs: number | undefined
	readonly #graceMs: number
	readonly #ready = Promise.withResolvers<void>()
	#isReady = false
	#isBusy = false
	#isEnding = false
	#how: string | null = null
	#bytes = 0
	#endTurn: () => void = () => {}

	constructor(context: ExecutionContext, options: WorkerProcessOptions, turnMs: number | undefined, graceMs: number) {
		this.#context = context
		this.#options = options
		this.#turnMs = turnMs
		this.#graceMs = graceMs
		this.#ready.promise.catch(() => {})
	}

	async whenReady(clock: Clock, withinMs: number): Promise<void> {
		const late = new AbortController()
		const tooLate = sleep(clock, withinMs, late.signal).then(() => {
			throw new Error(`the process did not say that it is ready within ${withinMs} ms`)
		})
		tooLate.catch(() => {})
		try {
			await Promise.race([this.#ready.promise, tooLate])
		} catch (error) {
			await this.close()
			throw error
		} finally {
			late.abort()
		}
	}

	/** The next line is read once this one is on disk: a child that writes faster than that waits. */
	async heard(event: ProtocolEvent | null): Promise<void> {
		if (event === null) return
		const state = runStateOf(event)
		if (!this.#isReady && state === 'idle') this.#becomeReady()
		if (state === 'busy') this.#isBusy = true
		else if (state !== null) this.#turnOver()
		this.#context.publish(event)
		this.#bytes += JSON.stringify(event).length
		if (this.#isBusy && this.#bytes > this.#options.outputBytes) {
			this.failed(`the output of one turn is over ${this.#options.outputBytes} bytes (limits.output_bytes)`)
			void this.child?.kill()
		}
		if (this.#isReady) await this.#context.flushed()
	}

	failed(why: string): void {
		this.#turnOver()
		if (!this.#isEnding) this.#context.publish(errorEvent(why))
	}

	over(how: string): void {
		this.#how = how
		this.#ready.reject(new Error(how))
		if (this.#isReady) this.failed(how)
	}

	ended(): boolean {
		return this.#how !== null
	}

	input(input: WorkerInput): TurnAnswer {
		if (this.#how !== null) return refused('input', 'errored', this.#how)
		if (this.#isBusy) return refused('input', 'busy', 'already running')
		return { runState: 'busy', begin: () => this.#begin(input) }
	}

	method(method: ProtocolMethod): boolean {
		return this.#how === null && this.#tell(method)
	}

	async stop() {
		this.#isEnding = true
		this.#tell({ method: 'shutdown' })
		await this.child?.finish(this.#graceMs)
		return accepted('stop', 'stopped')
	}

	async cancel() {
		await this.close()
		return accepted('cancel', 'stopped')
	}

	async close(): Promise<void> {
		this.#isEnding = true
		this.#endTurn()
		if (this.#how === null) await this.child?.kill()
	}

	#begin({ kind, content, attachments = [] }: WorkerInput): void {
		this.#isBusy = true
		this.#bytes = 0
		const files = attachments.map((id) => ({ kind: 'file_ref', path: `/v1/data/${id}` }))
		const run = { method: 'run', params: { input: [{ kind: 'text', content }, ...files] } }
		this.#tell(kind === 'user' ? run : { method: 'notify', params: { message: content } })
		const { clock } = this.#options
		if (this.#turnMs !== undefined) this.#endTurn = clock.after(this.#turnMs, () => this.#timedOut())
	}

	/** A child that does not stop when its turn is cancelled is of no use any more. */
	#timedOut(): void {
		this.#tell({ method: 'cancel' })
		this.failed(`the turn took longer than ${this.#turnMs} ms`)
		void this.child?.kill()
	}

	#becomeReady(): void {
		this.#isReady = true
		this.#ready.resolve()
	}

	#turnOver(): void {
		this.#isBusy = false
		this.#endTurn()
	}

	#tell(method: object): boolean {
		try {
			this.child?.write(method)
			return true
		} catch (error) {
			this.failed(`the process does not read: ${messageOf(error)}`)
			return false
		}
	}
}
