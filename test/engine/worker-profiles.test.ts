import { expect, test } from 'bun:test'
import { appWorld } from '../support/app-world.ts'

test('a profile table that is wrong stops the start, and says which key and what it wants', async () => {
	const said = async (table: object): Promise<string> => {
		const opened = appWorld({ flags: { 'runtime-profiles': JSON.stringify({ mine: table }) } })
		const app = await opened.catch((error: Error) => error)
		return app instanceof Error ? app.message : 'it started'
	}
	expect(await said({ kind: 'http', url: 'http://127.0.0.1:9/', attempts: 1000 })).toBe(
		'runtime.profiles.mine.attempts is not usable; expected a number from 1 to 10.',
	)
	expect(await said({ kind: 'http', url: 'localhost' })).toContain('runtime.profiles.mine.url is not usable; expected an address')
	expect(await said({ kind: 'http' })).toContain('or mode = "pull"')
	expect(await said({ kind: 'process', argv: ['cat'], mod: 'one_shot' })).toContain('There is no key "runtime.profiles.mine.mod".')
	expect(await said({ kind: 'process', argv: ['cat'], mode: 'once' })).toContain('expected session or one_shot')
	expect(await said({ kind: 'llm', model: 3 })).toContain('runtime.profiles.mine.model is not usable')
	expect(await said({ argv: ['cat'] })).toContain('[runtime.profiles.mine] is of no kind that this server knows.')
})
