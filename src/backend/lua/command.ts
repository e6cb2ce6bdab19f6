import { selfArgv } from '../self-argv.ts'

/** The hidden command of the binary that serves scripts. */
export const LUA_COMMAND = '__lua'

/** What starts this program again for that command. */
export function selfCommand(): readonly string[] {
	return selfArgv(LUA_COMMAND)
}
