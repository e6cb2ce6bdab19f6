import { systemClock } from '../../../kernel/clock.ts'
import { connectOperator, type Operator, type OperatorOptions } from '../../client/operator.ts'
import type { OperatorEvent } from '../../client/operator-event.ts'
import type { SpawnAnswer, SpawnWork } from '../../client/operator-work.ts'
import type { Command, Invocation } from '../command.ts'
import { execStep } from '../exec-step.ts'
import { EXIT, usageError } from '../exit-code.ts'
import { isOn, lastOf } from '../flag.ts'
import { eventLine, progressLine } from '../operator-progress.ts'
import { readSession, writeSession } from '../operator-session-file.ts'
import { serverUrl, urlFlag } from '../server-url.ts'

export const operatorCommand: Command = {
	name: 'operator',
	summary: 'Be an operator: do the steps of operator agents with a shell command',
	usage: '--exec CMD [flags]',
	positionals: 0,
	flags: [
		urlFlag,
		{ name: 'exec', placeholder: 'CMD', doc: 'run this for each step: the prompt on stdin, its stdout is the result' },
		{ name: 'role', placeholder: 'R', doc: 'a name that Blueprints know this operator by; may be given more than once' },
		{ name: 'desc', placeholder: 'TEXT', doc: 'what others see of this operator' },
		{ name: 'concurrency', placeholder: 'N', doc: 'steps at once (default 4)' },
		{ name: 'timeout', placeholder: 'SECS', doc: 'end a command that takes longer; its step fails' },
		{ name: 'session-file', placeholder: 'PATH', doc: 'keep the session here, and come back to it after a restart' },
		{ name: 'token', placeholder: 'T', doc: 'the admin token, where the server wants one (default MSE_TOKEN)' },
		{ name: 'once', placeholder: null, doc: 'do one step and end: 0 when it is done, 1 when it is not' },
		{ name: 'json', placeholder: null, doc: 'print each event as a line of JSON' },
	],
	details: `For example, with an agent whose operator_ref is "reviewer":
  mse-server operator --role reviewer --exec 'claude -p --append-system-prompt "$MSE_SYSTEM"'

CMD runs through /bin/sh. It finds MSE_AGENT, MSE_TASK_ID (the step), MSE_RUN_ID and MSE_ATTEMPT in its environment, the
agent's system prompt in MSE_SYSTEM and in the file MSE_SYSTEM_FILE, and MSE_BASE_URL with MSE_WORKER_HANDLE for the
worker routes. Exit code 0: stdout is the result. Another one: the step is blocked with what stdout has; with nothing on
stdout it fails with the end of stderr. The first SIGINT lets running commands finish, the second ends them.`,
	run: (invocation) => new OperatorRun(invocation).run(),
}

type End = 'closed' | 'replaced' | 'stopped' | 'once'

/** One `mse-server operator`, from the command line to the exit code. */
class OperatorRun {
	readonly #invocation: Invocation
	readonly #url: string
	readonly #line: string
	readonly #sessionFile: string | undefined
	readonly #timeoutMs: number | null
	readonly #isOnce: boolean
	readonly #stop = new AbortController()
	/** Commands under way; they outlive the client that asked for them until they are ended. */
	readonly #running = new Set<Promise<unknown>>()
	readonly #first = Promise.withResolvers<boolean>()

	constructor(invocation: Invocation) {
		const { flags } = invocation
		this.#invocation = invocation
		this.#url = serverUrl(invocation)
		this.#line = lastOf(flags, 'exec') ?? ''
		if (this.#line.trim() === '')
			throw usageError('--exec is missing: the command that does a step.', "For a first look: --exec 'tr a-z A-Z'")
		this.#sessionFile = lastOf(flags, 'session-file')
		this.#timeoutMs = positive(invocation, 'timeout', 1000)
		this.#isOnce = isOn(flags, 'once')
	}

	async run(): Promise<number> {
		const signalled = this.#invocation.nextSignal().then((): 'stopped' => 'stopped')
		const connecting = connectOperator(this.#options())
		const operator = await Promise.race([connecting, signalled])
		if (operator === 'stopped') {
			this.#stop.abort()
			await connecting.catch(() => {})
			return EXIT.done
		}
		const once = this.#first.promise.then((): 'once' => 'once')
		const end: End = await Promise.race([operator.ended, signalled, ...(this.#isOnce ? [once] : [])])
		await this.#close(operator, end)
		if (end === 'once') return (await this.#first.promise) ? EXIT.done : EXIT.refused
		return end === 'replaced' ? EXIT.refused : EXIT.done
	}

	/** A session that nobody could come back to is given up. */
	async #close(operator: Operator, end: End): Promise<void> {
		if (end === 'stopped' && this.#running.size > 0)
			this.#say(`waiting for ${this.#running.size} running ${this.#running.size === 1 ? 'command' : 'commands'}; another signal ends them`)
		if (end !== 'replaced') {
			const again = this.#invocation.nextSignal().then(() => operator.close({ abort: true }))
			again.catch(() => {})
			await operator.close({ leave: this.#sessionFile === undefined })
		}
		await Promise.allSettled(this.#running)
	}

	#options(): OperatorOptions {
		const { flags, env } = this.#invocation
		const token = lastOf(flags, 'token') ?? env.MSE_TOKEN
		const desc = lastOf(flags, 'desc')
		const concurrency = this.#isOnce ? 1 : positive(this.#invocation, 'concurrency', 1)
		const session = this.#sessionFile === undefined ? null : readSession(this.#sessionFile, this.#url)
		return {
			url: this.#url,
			roles: flags.get('role') ?? [],
			rejoin: true,
			signal: this.#stop.signal,
			onSpawn: (work) => this.#perform(work),
			onEvent: (event) => this.#tell(event),
			...(token && { token }),
			...(desc !== undefined && { desc }),
			...(concurrency !== null && { concurrency: Math.ceil(concurrency) }),
			...(session && { session }),
		}
	}

	#perform(work: SpawnWork): Promise<SpawnAnswer> {
		const { env, err } = this.#invocation
		const onStderr = (text: string): void => err(`${work.agent} ${work.taskId}| ${text}\n`)
		const command = { line: this.#line, env, timeoutMs: this.#timeoutMs, clock: systemClock, onStderr }
		const done = execStep(command, work).finally(() => this.#running.delete(done))
		this.#running.add(done)
		return done
	}

	#tell(event: OperatorEvent): void {
		if (event.kind === 'joined' && this.#sessionFile !== undefined) writeSession(this.#sessionFile, this.#url, event.session)
		if (event.kind === 'ended') this.#first.resolve(event.outcome === 'done' || event.outcome === 'halted')
		if (isOn(this.#invocation.flags, 'json')) this.#invocation.out(`${eventLine(event)}\n`)
		else if (event.kind !== 'receipted') this.#say(progressLine(event))
	}

	#say(text: string): void {
		this.#invocation.err(`mse-server: ${text}\n`)
	}
}

/** Null when the flag is not there. */
function positive({ flags }: Invocation, name: string, unit: number): number | null {
	const given = lastOf(flags, name)
	if (given === undefined) return null
	const value = Number(given)
	if (given.trim() !== '' && Number.isFinite(value) && value > 0) return value * unit
	throw usageError(`--${name} has to be a number above 0, not "${given}".`)
}
