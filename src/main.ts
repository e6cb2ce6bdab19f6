import './prelude.ts'
import { IDLE_COMMAND, stayIdle } from './backend/hive/idle.ts'
import { LUA_COMMAND } from './backend/lua/command.ts'

// A Lua process is this program too, and is ready much sooner without the rest of it.
if (process.argv[2] === LUA_COMMAND) {
	const { serveLua } = await import('./backend/lua/child.ts')
	await serveLua()
	process.exit(0)
} else if (process.argv[2] === IDLE_COMMAND) {
	await stayIdle()
} else {
	const { runCommandLine } = await import('./command-line.ts')
	process.exit(await runCommandLine())
}
