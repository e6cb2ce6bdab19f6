import { join } from 'node:path'

/** What starts this program again for one of its commands. Run from source it is Bun, which is told where the program is. */
export function selfArgv(...command: readonly string[]): readonly string[] {
	const isCompiled = import.meta.dir.startsWith('/$bunfs')
	return isCompiled ? [process.execPath, ...command] : [process.execPath, join(import.meta.dir, '../main.ts'), ...command]
}
