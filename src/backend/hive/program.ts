import type { Clock } from '../../kernel/clock.ts'
import { MseError } from '../../kernel/error.ts'
import { silentLogger } from '../../kernel/log.ts'
import { type ChildWork, runChild } from '../process/child.ts'

export interface ProgramResult {
	readonly exitCode: number | null
	readonly stdout: string
	readonly stderr: string
}

/** Runs a program to its end. Tests stand in for it. */
export type RunProgram = (
	argv: readonly string[],
	how?: { readonly env?: Record<string, string>; readonly cwd?: string },
) => Promise<ProgramResult>

export interface ProgramOptions {
	readonly clock: Clock
	/** What every program gets. */
	readonly environment: Record<string, string>
	readonly withinMs: number
}

const OUTPUT_BYTES = 4 * 1024 * 1024
const KILL_GRACE_MS = 1000

/** Runs programs that answer soon; one that does not is ended, and throws `timed_out`. One that is not there is `unavailable`. */
export function programRunner({ clock, environment, withinMs }: ProgramOptions): RunProgram {
	return async (argv, { env = {}, cwd } = {}) => {
		const over = new AbortController()
		const program = argv.slice(0, 2).join(' ')
		const cancel = clock.after(withinMs, () =>
			over.abort(new MseError('timed_out', `'${program}' did not answer within ${withinMs / 1000} s`)),
		)
		const chunks: Uint8Array[] = []
		const work: ChildWork = {
			...{ argv, cwd, input: undefined, key: 'none', env: { ...environment, ...env } },
			onOutput: (chunk) => void chunks.push(chunk),
		}
		try {
			const exit = await runChild(work, over.signal, { clock, killGraceMs: KILL_GRACE_MS, outputBytes: OUTPUT_BYTES, log: silentLogger })
			return { exitCode: exit.code, stdout: new TextDecoder().decode(Buffer.concat(chunks)), stderr: exit.stderr }
		} catch (cause) {
			if (cause instanceof MseError) throw cause
			throw new MseError('unavailable', `'${program}' could not be run: ${cause instanceof Error ? cause.message : cause}`, { cause })
		} finally {
			cancel()
		}
	}
}
