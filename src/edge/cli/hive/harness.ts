import { type Clock, sleep, systemClock } from '../../../kernel/clock.ts'
import { MseError, messageOf } from '../../../kernel/error.ts'
import { isJsonObject, type JsonObject } from '../../../kernel/json.ts'
import { RECV_WAIT_MAX_SECS } from '../../../protocol/hive.ts'
import { askPatiently } from '../../client/patient-socket.ts'
import type { Command, Invocation } from '../command.ts'
import { type CommandEnd, runCommand } from '../exec.ts'
import { EXIT, usageError } from '../exit-code.ts'
import { isOn } from '../flag.ts'
import { requestedWork, type Work } from './answer.ts'
import { ownSocket, socketFlag } from './mcp.ts'
import { isAnswered, type Wake, wakePrompt } from './wake.ts'

const LOOK_AGAIN_MS = 2000

/** `hive harness`: what an agent runs that is a command for each message. */
export const hiveHarnessCommand: Command = {
	name: 'hive harness',
	summary: 'Run a command for each message of an agent of the hive, one at a time',
	usage: '[--socket PATH] [--answer] -- CMD [ARG …]',
	positionals: Number.POSITIVE_INFINITY,
	flags: [
		socketFlag,
		{ name: 'answer', placeholder: null, doc: 'what CMD prints is the answer: to steps, to runtime workers, to the operator' },
	],
	details: `For example, as what agents run by default (hive.defaults.argv), with a CLI that uses the tools of \`mse-server hive mcp\`:
  mse-server hive harness -- claude -p
Without tools of its own a command can answer steps by what it prints:
  mse-server hive harness --answer -- tr a-z A-Z

CMD reads on stdin who wrote, the message, and how many more wait; HIVE_FROM has the sender. With --answer and a step to do it
reads the prompt of the step, and MSE_SYSTEM has the system prompt. Each turn is told on stdout as lines of JSON. While the
agent is paused no message is taken.`,
	async run(invocation) {
		const left = new AbortController()
		void invocation.nextSignal().then(() => left.abort())
		await new Harness(invocation, left.signal, systemClock).run().catch((error) => {
			if (!left.signal.aborted) throw error
		})
		return EXIT.done
	},
}

class Harness {
	readonly #invocation: Invocation
	readonly #signal: AbortSignal
	readonly #clock: Clock
	readonly #path: string
	readonly #args: readonly string[]

	constructor(invocation: Invocation, signal: AbortSignal, clock: Clock) {
		this.#invocation = invocation
		this.#signal = signal
		this.#clock = clock
		this.#path = ownSocket(invocation)
		this.#args = invocation.positionals
		if (this.#args.length === 0) throw usageError('CMD is missing: what to run for each message.', 'mse-server hive harness -- CMD')
	}

	/** Until a signal comes. */
	async run(): Promise<void> {
		for (;;) {
			await this.#untilNotPaused()
			const { kind, from, body } = await this.#ask({ cmd: 'recv', wait_seconds: RECV_WAIT_MAX_SECS })
			if (kind !== 'message') continue
			// It may have been paused while this waited.
			await this.#untilNotPaused()
			const { unread } = await this.#ask({ cmd: 'status' })
			await this.#turn({ from: String(from), body: String(body), unread: Number(unread) })
		}
	}

	async #untilNotPaused(): Promise<void> {
		for (;;) {
			const { value } = await this.#ask({ cmd: 'harness_state' })
			if (!isJsonObject(value) || value.paused !== true) return
			await sleep(this.#clock, LOOK_AGAIN_MS, this.#signal)
		}
	}

	/** What goes wrong in one turn is told, and the next one comes. */
	async #turn(wake: Wake): Promise<void> {
		this.#tell({ event: 'turn_started', from: wake.from, unread: wake.unread })
		try {
			const work = await this.#workOf(wake)
			const end = await this.#command(wake, work)
			if (end.stdout !== '') this.#tell({ event: 'output', text: end.stdout })
			this.#signal.throwIfAborted()
			await work.finish(end)
			this.#tell({ event: 'turn_ended', code: end.code })
		} catch (error) {
			this.#signal.throwIfAborted()
			this.#tell({ event: 'turn_failed', reason: messageOf(error) })
		}
	}

	async #workOf(wake: Wake): Promise<Work> {
		const plain = { stdin: wakePrompt(wake), env: {}, finish: async () => {} }
		if (!isOn(this.#invocation.flags, 'answer')) return plain
		if (isAnswered(wake)) return { ...plain, stdin: wake.body, finish: (end) => this.#reply(wake, end) }
		return (await requestedWork((request) => this.#ask(request), wake)) ?? plain
	}

	async #reply({ from }: Wake, { code, stdout, stderrTail }: CommandEnd): Promise<void> {
		const body = code === 0 || stdout.trim() !== '' ? stdout.trimEnd() : `the command ended with code ${code}: ${stderrTail}`
		await this.#ask({ cmd: 'send', to: from, body })
	}

	#command({ from }: Wake, { stdin, env }: Work): Promise<CommandEnd> {
		const { env: own, err } = this.#invocation
		return runCommand({
			...{ line: 'exec "$@"', args: this.#args, env: { ...own, HIVE_FROM: from, ...env }, stdin, timeoutMs: null },
			...{ signal: this.#signal, clock: this.#clock, onStderr: (line) => err(`${line}\n`) },
		})
	}

	/** Throws what the hive refuses. Waits for as long as the server is away, which agents outlive. */
	async #ask(request: JsonObject): Promise<JsonObject> {
		const asked = { signal: this.#signal, mayRepeat: request.cmd !== 'send' }
		for (;;) {
			try {
				const answer = await askPatiently({ path: this.#path, clock: this.#clock }, request, asked)
				if (answer.kind !== 'err') return answer
				throw new MseError('conflict', String(answer.message), { code: 'refused' })
			} catch (error) {
				if (!(error instanceof MseError && error.code === 'unreachable' && asked.mayRepeat)) throw error
				this.#invocation.err(`${error.message}\n`)
			}
		}
	}

	#tell(event: JsonObject): void {
		this.#invocation.out(`${JSON.stringify(event)}\n`)
	}
}
