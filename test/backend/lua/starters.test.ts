import { expect, test } from 'bun:test'
import { buildBlueprint } from '../../../src/backend/lua/authoring.ts'
import { codingClis } from '../../../src/core/blueprint/coding-clis.ts'
import { lintBlueprint } from '../../../src/core/blueprint/lint.ts'
import { type Starter, type StarterOptions, starters } from '../../../src/core/blueprint/starters.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { AGENT_KINDS } from '../../../src/protocol/blueprint-agent.ts'
import { parsedBlueprint } from '../../support/parsed-blueprint.ts'
import { luaWorld } from './lua-world.ts'

async function build(world: ReturnType<typeof luaWorld>, starter: Starter, options: StarterOptions) {
	const limits = { clock: systemClock, timeoutMs: 20_000, memoryBytes: 2 ** 24, outputBytes: 2 ** 20 }
	const script = { source: starter.script(options), label: `${starter.name}.lua` }
	const { document, warnings } = await buildBlueprint({ ...limits, pool: world.pool }, script)
	const blueprint = parsedBlueprint(document)
	return { blueprint, warnings, findings: lintBlueprint(blueprint, { knownKinds: new Set(AGENT_KINDS) }) }
}

const [cli] = codingClis
if (!cli) throw new Error('there is no CLI template')
const options = { id: 'mine', stages: [], agent: 'worker', operator: 'main-ai', cli }

for (const starter of starters)
	test(`the starter ${starter.name} builds without a warning or a finding, also under names of one's own`, async () => {
		await using world = luaWorld()
		const { blueprint, warnings, findings } = await build(world, starter, options)
		expect([blueprint.id, warnings, findings]).toEqual(['mine', [], []])
		const own = await build(world, starter, { ...options, stages: ['a', "b'b", 'c'], agent: "o'neil", operator: 'seat "1"' })
		expect([own.warnings, own.findings]).toEqual([[], []])
	})

test('every CLI template fits the starter that is made for them', async () => {
	const starter = starters.find(({ name }) => name === 'cli')
	if (!starter) throw new Error('there is no such starter')
	await using world = luaWorld()
	for (const one of codingClis) {
		const { blueprint, findings } = await build(world, starter, { ...options, cli: one })
		expect([blueprint.subprocesses[0]?.argv, findings]).toEqual([one.template.argv, []])
	}
})
