import { describe, expect, test } from 'bun:test'
import { chmodSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { processBackend } from '../../../src/backend/process/backend.ts'
import { type CodingCli, codingClis } from '../../../src/core/blueprint/coding-clis.ts'
import { lintBlueprint } from '../../../src/core/blueprint/lint.ts'
import { newAttempt } from '../../support/attempt.ts'
import { parsedBlueprint } from '../../support/parsed-blueprint.ts'
import { processOptions } from '../../support/process-options.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { verifies } from '../../support/verifies.ts'

const STAND_IN = join(import.meta.dir, '../../fixture/program/coding-cli.ts')

const blueprintOf = ({ name, template }: CodingCli, tools: string[]) =>
	parsedBlueprint({
		...{ id: 'test', flow: { kind: 'step', ref: 'coder', in: { op: 'path', at: '$.goal' }, out: { op: 'path', at: '$.out' } } },
		agents: [
			{
				...{ name: 'coder', kind: 'subprocess', profile: { system_prompt: 'Be brief.', model: 'a-model', tools } },
				runner: { backend: 'subprocess', template: name },
			},
		],
		subprocesses: [{ name, ...template }],
	})

/** One attempt with a stand-in for the program in the PATH, and what that was given. */
async function perform(cli: CodingCli, prompt: string) {
	using home = tempDir()
	const program = join(home.path, cli.program)
	writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${STAND_IN}" ${cli.program} "$@"\n`)
	chmodSync(program, 0o755)
	const environment = { HOME: home.path, PATH: `${home.path}:/usr/bin:/bin` }
	const blueprint = blueprintOf(cli, ['Bash(make test)', 'Read'])
	const [agent] = blueprint.agents
	if (!agent) throw new Error('the Blueprint has no agent')
	const attempt = newAttempt({ prompt, agent: 'coder', context: { work_dir: home.path } })
	const completion = await processBackend(processOptions({ environment })).prepare(agent, blueprint).perform(attempt)
	const given = JSON.parse(readFileSync(join(home.path, 'given.json'), 'utf8'))
	return { ...completion, given, home: realpathSync(home.path) }
}

describe('the templates of coding CLIs', () => {
	for (const cli of codingClis) {
		test(`${cli.name} has no finding, and says what it is and how to have it`, () => {
			expect(lintBlueprint(blueprintOf(cli, []), { knownKinds: new Set(['subprocess']) })).toEqual([])
			expect(cli.written_for).toMatch(/^\d+\.\d+\.\d+$/)
			expect(Math.min(cli.about.length, cli.install.length)).toBeGreaterThan(30)
			expect(cli.template.argv[0]).toBe(cli.program)
		})

		test(`${cli.name} takes flags that it has, works in the folder of the task, and its answer is the value`, async () => {
			verifies('06.29')
			const { final, given, home } = await perform(cli, 'Say hello.')
			expect(final).toEqual({ value: 'All done.', ok: true })
			expect([given.cwd, given.agent, given.values.model]).toEqual([home, 'coder', 'a-model'])
			expect(`${given.stdin}${given.values.message ?? ''}`).toContain('Say hello.')
			expect(JSON.stringify(given)).toContain('Be brief.')
		})

		test(`${cli.name} blocks the step when it fails, and what it said is kept`, async () => {
			const { final } = await perform(cli, 'Please fail.')
			expect(final).toMatchObject({ value: { raw: 'something went wrong', stderr: expect.stringContaining('thinking') }, ok: false })
		})
	}

	test('claude is given the tools, and tells turns and tokens', async () => {
		const [claude] = codingClis
		if (!claude) throw new Error('there is no template')
		const { given, stats } = await perform(claude, 'Say hello.')
		expect(given.values).toMatchObject({ allowedTools: 'Bash(make test),Read', 'append-system-prompt': 'Be brief.', print: true })
		expect(stats).toMatchObject({ num_turns: 3, usage: { input_tokens: 7, output_tokens: 2 } })
	})
})
