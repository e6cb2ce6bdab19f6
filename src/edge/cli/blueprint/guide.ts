import type { Command } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import guide from './guide.md' with { type: 'text' }

/** `bp guide`: the words of the Lua DSL and of the TypeScript builder. */
export const guideVerb: Command = {
	name: 'bp guide',
	summary: 'Print how Blueprints are written in Lua, TypeScript and JSON',
	usage: '',
	positionals: 0,
	flags: [],
	async run({ out }) {
		out(guide)
		return EXIT.done
	},
}
