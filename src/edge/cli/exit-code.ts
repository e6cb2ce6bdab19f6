import { MseError } from '../../kernel/error.ts'

/** Client commands: done, refused by the server or the system, called wrongly, no server there. */
export const EXIT = { done: 0, refused: 1, usage: 2, unreachable: 3 } as const

/** `run` tells how the run ended. */
export const RUN_EXIT = { done: 0, failed: 1, invalid: 2, cancelled: 3, timedOut: 4 } as const

const BY_CODE: Readonly<Record<string, number>> = {
	usage: EXIT.usage,
	config_invalid: EXIT.usage,
	unreachable: EXIT.unreachable,
}

export function exitCodeOf(thrown: unknown): number {
	return (thrown instanceof MseError ? BY_CODE[thrown.code] : undefined) ?? EXIT.refused
}

/** The command line itself is wrong: exit code 2. */
export function usageError(sentence: string, hint?: string): MseError {
	return new MseError('invalid', sentence, { code: 'usage', ...(hint === undefined ? {} : { hint }) })
}
