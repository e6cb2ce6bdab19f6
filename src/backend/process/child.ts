import { sleep } from '../../kernel/clock.ts'
import { type FaultPoint, noFault } from '../../kernel/fault.ts'
import type { LogFields, Logger } from '../../kernel/log.ts'
import type { ChildList } from './child-list.ts'
import { ATTEMPT_KEY } from './environment.ts'
import { readVariable } from './process-table.ts'
import { type Child, type Command, spawnChild } from './spawn.ts'
import { newTail } from './tail.ts'
import { type Ending, endTree, exists } from './tree.ts'

/** A program to run, and where its output goes. */
export interface ChildWork extends Command {
	/** The `MSE_ATTEMPT_KEY` in `env`, by which processes that left the child's session are found. */
	readonly key: string
	/** The next chunk is read once this one is dealt with. Throwing ends the child. */
	onOutput(chunk: Uint8Array): void | Promise<void>
}

export interface ChildLimits extends Ending {
	/** Of stdout; over it the child is ended. */
	readonly outputBytes: number
	readonly log: Logger
	/** Fields of log lines about the child: whose it is. */
	readonly about?: LogFields
	readonly fault?: FaultPoint
	/** Given where `canReadVariables` says no. */
	readonly childList?: ChildList
}

export interface Exit {
	/** Null when a signal ended it. */
	readonly code: number | null
	readonly signal: string | null
	/** The end of what it said. */
	readonly stderr: string
}

const STDERR_TAIL_BYTES = 64 * 1024

/**
 * Runs a child to its end. When this settles nothing of it is left, whatever the way: what it leaves behind in its session is
 * ended after the grace, and an abort, a full output or a failing `onOutput` ends all of it at once (TERM, then KILL).
 * Throws the signal's reason, or the first cause.
 */
export async function runChild(work: ChildWork, signal: AbortSignal, limits: ChildLimits): Promise<Exit> {
	signal.throwIfAborted()
	const { fault = noFault } = limits
	fault('child.before_spawn')
	const child = spawnChild(work)
	fault('child.after_spawn')
	const strikeOut = limits.childList?.add(child.pid)
	const stderr = newTail(STDERR_TAIL_BYTES)
	const output = pump(child.stdout, bounded(work, limits.outputBytes))
	const errors = pump(child.stderr, stderr.add)
	const aborted = abortOf(signal)
	const left = new AbortController()
	try {
		const closed = Promise.all([child.exited, output.done, errors.done])
		await Promise.race([aborted.promise, closed, lingering(child.exited, limits, left.signal)])
		if (exists(-child.pid)) await end(child.pid, undefined, limits)
		output.stop()
		errors.stop()
		await Promise.all([output.done, errors.done])
		fault('child.ended')
		return { ...exitOf(child), stderr: stderr.text() }
	} catch (cause) {
		await end(child.pid, work.key, limits)
		output.stop()
		errors.stop()
		await Promise.allSettled([child.exited, output.done, errors.done])
		throw cause
	} finally {
		left.abort()
		aborted.release()
		strikeOut?.()
	}
}

interface Pump {
	/** Settles with the stream, or with what `take` throws. */
	readonly done: Promise<void>
	stop(): void
}

function pump(stream: ReadableStream<Uint8Array>, take: (chunk: Uint8Array) => void | Promise<void>): Pump {
	const reader = stream.getReader()
	const run = async (): Promise<void> => {
		for (let next = await reader.read(); !next.done; next = await reader.read()) await take(next.value)
	}
	const done = run()
	// Looked at more than once, and sometimes only after it has failed.
	done.catch(() => {})
	return { done, stop: () => void reader.cancel().catch(() => {}) }
}

function bounded(work: ChildWork, limit: number): (chunk: Uint8Array) => void | Promise<void> {
	let bytes = 0
	return (chunk) => {
		bytes += chunk.length
		if (bytes > limit) throw new Error(`output of '${work.argv[0]}' is over the limit of ${limit} bytes (limits.output_bytes)`)
		return work.onOutput(chunk)
	}
}

function abortOf(signal: AbortSignal): { promise: Promise<never>; release: () => void } {
	const { promise, reject } = Promise.withResolvers<never>()
	promise.catch(() => {})
	const stop = (): void => reject(signal.reason)
	signal.addEventListener('abort', stop, { once: true })
	return { promise, release: () => signal.removeEventListener('abort', stop) }
}

/** A child may be gone while something it started holds its output open; that gets the grace and no more. */
async function lingering(exited: Promise<number>, { clock, killGraceMs }: Ending, over: AbortSignal): Promise<void> {
	await exited
	await sleep(clock, killGraceMs, over)
}

/** Ends the child's session and, given a key, whatever carries it elsewhere. */
async function end(session: number, key: string | undefined, limits: ChildLimits): Promise<void> {
	const isOurs = (pid: number): boolean => key !== undefined && readVariable(pid, ATTEMPT_KEY) === key
	const { stuck } = await endTree((row) => row.session === session || isOurs(row.pid), limits)
	if (stuck.length > 0) limits.log.error('processes of an attempt cannot be ended', { pids: stuck, ...limits.about, attempt_key: key })
}

function exitOf({ exitCode, signalCode }: Child): { code: number | null; signal: string | null } {
	return signalCode === null ? { code: exitCode, signal: null } : { code: null, signal: String(signalCode) }
}
