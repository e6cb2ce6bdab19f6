import { nearestName } from '../../../kernel/nearest.ts'
import { guides, titleOf } from '../../mcp/guides.ts'
import type { Command } from '../command.ts'
import { EXIT, usageError } from '../exit-code.ts'
import { table } from '../print.ts'

const DEFAULT = 'blueprint-authoring'
const names = guides.map(({ name }) => name)

/** `bp guide`: how Blueprints are written, and the other pages that AI clients are given. */
export const guideVerb: Command = {
	name: 'bp guide',
	summary: 'Print how Blueprints are written in Lua, TypeScript and JSON',
	usage: '[NAME]',
	positionals: 1,
	flags: [],
	details: `Without NAME that of writing Blueprints. There are\n${table(guides.map((guide) => [`  ${guide.name}`, titleOf(guide)]))}`,
	async run({ out, positionals: [name = DEFAULT] }) {
		const guide = guides.find((known) => known.name === name)
		if (!guide) throw usageError(`There is no guide "${name}".${nearestName(name, names)}`, `There are ${names.join(', ')}.`)
		out(guide.text)
		return EXIT.done
	},
}
