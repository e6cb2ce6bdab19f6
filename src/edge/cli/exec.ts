import type { Clock } from '../../kernel/clock.ts'

export interface ShellCommand {
	/** A line for `/bin/sh -c`. */
	readonly line: string
	/** What `"$@"` is in that line. */
	readonly args?: readonly string[]
	readonly env: Readonly<Record<string, string | undefined>>
	readonly stdin: string
	/** Null: as long as it takes. */
	readonly timeoutMs: number | null
	/** Firing it ends the command. */
	readonly signal: AbortSignal
	readonly clock: Clock
	/** Whole lines of its stderr, as they come. */
	readonly onStderr: (line: string) => void
}

/** How a command ended. `code` is null when a signal ended it; `cut` says why we did. */
export interface CommandEnd {
	readonly code: number | null
	readonly stdout: string
	/** The last lines of its stderr. */
	readonly stderrTail: string
	readonly cut: 'timed_out' | 'too_much_output' | 'aborted' | null
}

/** Between TERM and KILL. */
const KILL_GRACE_MS = 3000
const STDOUT_BYTES = 2 ** 24
const TAIL_CHARS = 2000

/** Runs a shell command in a process group of its own and collects what it prints. Whatever ends it early ends its whole group. */
export async function runCommand(command: ShellCommand): Promise<CommandEnd> {
	const child = Bun.spawn(['/bin/sh', '-c', command.line, 'sh', ...(command.args ?? [])], {
		env: { ...command.env },
		stdin: new TextEncoder().encode(command.stdin),
		stdout: 'pipe',
		stderr: 'pipe',
		detached: true,
	})
	const ending = newEnding(child.pid, command)
	const tail = { text: '' }
	const [stdout] = await Promise.all([
		readBounded(child.stdout, () => ending.cut('too_much_output')),
		readLines(child.stderr, (line) => {
			tail.text = `${tail.text}${line}\n`.slice(-TAIL_CHARS)
			command.onStderr(line)
		}),
		child.exited,
	])
	ending.release()
	return { code: child.signalCode === null ? child.exitCode : null, stdout, stderrTail: tail.text.trim(), cut: ending.reason }
}

type Cut = Exclude<CommandEnd['cut'], null>

/** TERM for the group when it is time, KILL after the grace; the first reason stands. */
function newEnding(pid: number, { timeoutMs, signal, clock }: ShellCommand) {
	const timers: (() => void)[] = []
	const ending = {
		reason: null as CommandEnd['cut'],
		cut(reason: Cut): void {
			if (ending.reason !== null) return
			ending.reason = reason
			signalGroup(pid, 'SIGTERM')
			timers.push(clock.after(KILL_GRACE_MS, () => signalGroup(pid, 'SIGKILL')))
		},
		release(): void {
			for (const cancel of timers) cancel()
			signal.removeEventListener('abort', abort)
			// What it left running in the background would write into a result that is gone.
			if (ending.reason !== null) signalGroup(pid, 'SIGKILL')
		},
	}
	const abort = (): void => ending.cut('aborted')
	signal.addEventListener('abort', abort, { once: true })
	if (signal.aborted) abort()
	if (timeoutMs !== null) timers.push(clock.after(timeoutMs, () => ending.cut('timed_out')))
	return ending
}

function signalGroup(pid: number, name: NodeJS.Signals): void {
	try {
		process.kill(-pid, name)
	} catch (thrown) {
		if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ESRCH')) throw thrown
	}
}

/** Reads to the end, keeping no more than the limit. */
async function readBounded(stream: ReadableStream<Uint8Array>, tooMuch: () => void): Promise<string> {
	const chunks: Uint8Array[] = []
	let size = 0
	for await (const chunk of stream) {
		size += chunk.byteLength
		if (size > STDOUT_BYTES) tooMuch()
		else chunks.push(chunk)
	}
	return new TextDecoder().decode(Buffer.concat(chunks))
}

async function readLines(stream: ReadableStream<Uint8Array>, take: (line: string) => void): Promise<void> {
	const decoder = new TextDecoder()
	let rest = ''
	for await (const chunk of stream) {
		const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
		rest = (lines.pop() ?? '').slice(-TAIL_CHARS)
		for (const line of lines) take(line)
	}
	if (rest !== '') take(rest)
}
