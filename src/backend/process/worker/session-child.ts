import { sleep } from '../../../kernel/clock.ts'
import type { ChildList } from '../child-list.ts'
import { ATTEMPT_KEY } from '../environment.ts'
import { readVariable } from '../process-table.ts'
import { whyNotSpawned } from '../spawn.ts'
import { newTail } from '../tail.ts'
import { type Ending, endTree } from '../tree.ts'
import { readLines } from './line.ts'

export interface SessionWork {
	readonly argv: readonly string[]
	readonly env: Record<string, string>
	readonly cwd: string | undefined
	/** The marker in `env`, by which processes that left the child's session are found. */
	readonly key: string
	readonly lineBytes: number
	/** The next line is read once this one is dealt with. */
	onLine(line: string): void | Promise<void>
	/** A line was longer than that; the child is being ended. */
	onOverlong(): void
}

/** A child that lives for many turns: JSON lines on its stdin, lines from its stdout. */
export interface SessionChild {
	write(value: object): void
	/** Resolves once it has ended and all it wrote was read. */
	readonly ended: Promise<string>
	/** Closes its stdin and gives it that long; then ends what is left of its tree. */
	finish(graceMs: number): Promise<void>
	/** Ends its whole tree: TERM, then KILL. */
	kill(): Promise<void>
}

const STDERR_TAIL_BYTES = 8 * 1024

/** Throws an Error that says why it could not be started. */
export function openSessionChild(work: SessionWork, ending: Ending & { readonly childList?: ChildList | undefined }): SessionChild {
	const child = spawn(work)
	const strikeOut = ending.childList?.add(child.pid)
	const tail = newTail(STDERR_TAIL_BYTES)
	const kill = async (): Promise<void> => {
		await endTree((row) => row.session === child.pid || readVariable(row.pid, ATTEMPT_KEY) === work.key, ending)
	}
	const overlong = (): void => {
		work.onOverlong()
		void kill()
	}
	const output = readLines(child.stdout, work.lineBytes, work.onLine, overlong)
	const errors = readAll(child.stderr, tail.add)
	const ended = Promise.all([child.exited, output, errors]).then(() => {
		strikeOut?.()
		const how = child.signalCode === null ? `with code ${child.exitCode}` : `by ${child.signalCode}`
		const said = tail.text().trim()
		return said === '' ? `the process ended ${how}` : `the process ended ${how}: ${said}`
	})
	return {
		write(value) {
			child.stdin.write(`${JSON.stringify(value)}\n`)
			void child.stdin.flush()
		},
		ended,
		async finish(graceMs) {
			await child.stdin.end()
			const waited = new AbortController()
			await Promise.race([ended, sleep(ending.clock, graceMs, waited.signal).catch(() => {})])
			waited.abort()
			await kill()
			await ended
		},
		async kill() {
			await kill()
			await ended
		},
	}
}

function spawn(work: SessionWork) {
	const { argv, env, cwd } = work
	try {
		return Bun.spawn([...argv], {
			env,
			...(cwd === undefined ? {} : { cwd }),
			...({ stdin: 'pipe', stdout: 'pipe', stderr: 'pipe', detached: true } as const),
		})
	} catch (thrown) {
		throw new Error(whyNotSpawned({ argv, cwd }, thrown))
	}
}

async function readAll(stream: ReadableStream<Uint8Array>, take: (chunk: Uint8Array) => void): Promise<void> {
	for await (const chunk of stream) take(chunk)
}
