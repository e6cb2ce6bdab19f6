import type { JsonObject } from '../../../src/kernel/json.ts'
import { backendContract } from '../../contract/backend.ts'
import { newAgent } from '../../support/attempt.ts'
import { luaWorld } from './lua-world.ts'

backendContract('lua', async () => {
	// None is kept, so that each process there is works on an attempt.
	const world = luaWorld({ warm: 0 })
	const agent = (spec: JsonObject) => newAgent('lua', spec)
	return {
		backend: world.backend,
		passes: agent({ source: 'if _CTX == nil then return _PROMPT else return _CTX end' }),
		blocks: agent({ source: 'return { value = _PROMPT, ok = false }' }),
		fails: agent({ source: 'error(_PROMPT)' }),
		waits: agent({ source: 'while true do end' }),
		invalid: agent({}),
		workingOn: (attempts) => attempts.length && world.processes().length,
		[Symbol.asyncDispose]: world[Symbol.asyncDispose],
	}
})
