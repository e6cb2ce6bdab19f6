import { join } from 'node:path'

/** The hidden command of the binary that serves scripts. */
export const LUA_COMMAND = '__lua'

/** What starts this program again for that command. Run from source it is Bun, which is told where the program is. */
export function selfCommand(): readonly string[] {
	const isCompiled = import.meta.dir.startsWith('/$bunfs')
	return isCompiled ? [process.execPath, LUA_COMMAND] : [process.execPath, join(import.meta.dir, '../../main.ts'), LUA_COMMAND]
}
