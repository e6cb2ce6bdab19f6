import { statSync } from 'node:fs'
import { messageOf } from '../../kernel/error.ts'

export interface Command {
	readonly argv: readonly string[]
	readonly env: Record<string, string>
	/** Undefined: where the server was started. */
	readonly cwd: string | undefined
	/** A stream is passed on as it comes and ends the child's stdin with its own end. Undefined: the child finds its stdin empty. */
	readonly input: Uint8Array | ReadableStream<Uint8Array> | undefined
}

export type Child = ReturnType<typeof spawnChild>

/**
 * Starts a child as the leader of a session of its own, by which its tree is told from ours. Feeding its stdin goes on beside
 * reading its output, and a child that does not read is no error. Throws `internal: spawn failed: …`.
 */
export function spawnChild(command: Command) {
	const { argv, env, cwd, input } = command
	try {
		return Bun.spawn([...argv], {
			env,
			...(cwd === undefined ? {} : { cwd }),
			stdin: input ?? 'ignore',
			stdout: 'pipe',
			stderr: 'pipe',
			detached: true,
		})
	} catch (thrown) {
		throw new Error(`internal: spawn failed: ${whyNotSpawned(command, thrown)}`)
	}
}

/** Why a program did not start: the system's own message may name the wrong thing, or hold the whole prompt. */
export function whyNotSpawned({ argv, cwd }: Pick<Command, 'argv' | 'cwd'>, thrown: unknown): string {
	const program = `'${argv[0]}'`
	if (cwd !== undefined && !isFolder(cwd)) return `the folder '${cwd}' in which ${program} is to run does not exist`
	const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
	if (code === 'ENOENT') return `program ${program} not found`
	if (code === 'EACCES') return `program ${program} may not be executed`
	if (code === 'E2BIG') return `the arguments of ${program} are too long; a long prompt goes through stdin (use_stdin)`
	if (code === 'ERR_INVALID_ARG_VALUE') return `an argument of ${program} holds a NUL byte`
	return `program ${program}: ${messageOf(thrown)}`
}

function isFolder(path: string): boolean {
	return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
