import type { Flag, Flags } from './flag.ts'

/** What a command may touch of the process it runs in. Tests pass their own. */
export interface Terminal {
	/** Results. Nothing else goes to stdout. */
	readonly out: (text: string) => void
	/** Progress and failures. */
	readonly err: (text: string) => void
	/** Whether stdout wants colours. */
	readonly colour: boolean
	/** Whether stderr wants colours. */
	readonly errColour: boolean
	/** Whether stderr is a terminal, where a line may be drawn over. */
	readonly errLive: boolean
	readonly env: Readonly<Record<string, string | undefined>>
	/** Resolves at the next SIGINT or SIGTERM. From the first call on these signals no longer end the process by themselves. */
	readonly nextSignal: () => Promise<NodeJS.Signals>
}

/** What was typed after the command's name. */
export interface Invocation extends Terminal {
	readonly flags: Flags
	readonly positionals: readonly string[]
}

/** One verb of the command line: a file in `command/` and a line in `table.ts`. */
export interface Command {
	readonly name: string
	/** One line for the list of commands. */
	readonly summary: string
	/** What follows the name, such as `RUN [--json]`. */
	readonly usage: string
	readonly flags: readonly Flag[]
	/** Most positionals it takes; more are a usage error. */
	readonly positionals: number
	/** More lines for `--help`: examples first. */
	readonly details?: string
	/** A command of several: the first word chooses one, whose name is this one's and its own. Flags and work are theirs. */
	readonly verbs?: readonly Command[]
	/** Resolves to the exit code. A thrown MseError becomes one line on stderr and its exit code. */
	readonly run: (invocation: Invocation) => Promise<number>
}
