import { selfArgv } from '../self-argv.ts'

/** The hidden command of the binary that an agent runs which was told nothing. */
export const IDLE_COMMAND = '__hive-idle'

export const idleArgv = (): readonly string[] => selfArgv(IDLE_COMMAND)

const DAY_MS = 86_400_000

/** Stays alive until it is ended; messages stay in the inbox. */
export function stayIdle(): Promise<never> {
	setInterval(() => {}, DAY_MS)
	return new Promise(() => {})
}
