import { describe, expect, test } from 'bun:test'
import type { Command, Invocation } from '../../../src/edge/cli/command.ts'
import { usageError } from '../../../src/edge/cli/exit-code.ts'
import { isOn, lastOf } from '../../../src/edge/cli/flag.ts'
import { runCli } from '../../../src/edge/cli/run.ts'
import { unreachable } from '../../../src/edge/client/failure.ts'
import { MseError } from '../../../src/kernel/error.ts'
import { fakeTerminal } from './terminal.ts'

function command(run: Command['run']): Command {
	return {
		name: 'greet',
		summary: 'Greet somebody',
		usage: 'NAME [--loud]',
		positionals: 1,
		flags: [
			{ name: 'loud', placeholder: null, doc: 'in capitals' },
			{ name: 'tag', placeholder: 'TEXT', doc: 'what to add' },
			{ name: 'old', placeholder: 'TEXT', doc: 'nothing', hidden: true },
		],
		run,
	}
}

async function type(args: readonly string[], run: Command['run'] = async () => 0) {
	const terminal = fakeTerminal()
	const code = await runCli(args, [command(run)], terminal)
	return { code, stdout: terminal.stdout, stderr: terminal.stderr }
}

const fails = (thrown: unknown) => type(['greet'], () => Promise.reject(thrown))

describe('what a command is given', () => {
	test('flags before, behind and glued to their values, and the positionals', async () => {
		let given: Invocation | undefined
		const { code } = await type(['greet', '--tag', 'a', 'Ada', '--loud', '--tag=b'], async (invocation) => {
			given = invocation
			return 7
		})
		expect(code).toBe(7)
		expect(given?.positionals).toEqual(['Ada'])
		expect(given?.flags.get('tag')).toEqual(['a', 'b'])
		expect(given && [isOn(given.flags, 'loud'), lastOf(given.flags, 'tag'), lastOf(given.flags, 'old')]).toEqual([true, 'b', undefined])
	})

	test('behind -- everything is positional', async () => {
		let positionals: readonly string[] = []
		await type(['greet', '--', '--loud'], async (invocation) => {
			positionals = invocation.positionals
			return 0
		})
		expect(positionals).toEqual(['--loud'])
	})
})

describe('what is refused with exit code 2', () => {
	test('an unknown command, with the nearest', async () => {
		const { code, stderr } = await type(['gret'])
		expect(code).toBe(2)
		expect(stderr).toBe('mse-server: There is no command "gret". The nearest is "greet". `mse-server help` lists them.\n')
	})

	test('an unknown flag, with the nearest that help lists', async () => {
		expect(await type(['greet', '--lod'])).toMatchObject({
			code: 2,
			stderr: 'mse-server: There is no flag --lod. The nearest is "--loud".\n',
		})
		expect((await type(['greet', '-l'])).stderr).toContain('There is no flag -l.')
	})

	test('a flag without its value and one argument too many', async () => {
		expect(await type(['greet', '--tag'])).toMatchObject({ code: 2, stderr: 'mse-server: --tag needs a value: --tag TEXT\n' })
		expect((await type(['greet', 'Ada', 'Bob'])).stderr).toContain('"Bob" is one argument too many.')
	})

	test('no command at all, with the list on stderr', async () => {
		const { code, stdout, stderr } = await type([])
		expect([code, stdout]).toEqual([2, ''])
		expect(stderr).toContain('  greet  Greet somebody')
	})
})

describe('help', () => {
	test('lists the commands, or explains one, on stdout', async () => {
		for (const args of [['help'], ['--help'], ['-h']]) expect((await type(args)).stdout).toContain('Greet somebody')
		for (const args of [
			['help', 'greet'],
			['greet', '--help'],
			['greet', '-h'],
		]) {
			const { code, stdout } = await type(args)
			expect(code).toBe(0)
			expect(stdout).toContain('Usage: mse-server greet NAME [--loud]')
			expect(stdout).toContain('--tag TEXT  what to add')
			expect(stdout).not.toContain('--old')
		}
	})
})

describe('failures', () => {
	test('a refusal is one line with its hint, and exit code 1', async () => {
		const { code, stderr } = await fails(new MseError('conflict', 'The name is taken.', { hint: 'Take another.' }))
		expect([code, stderr]).toEqual([1, 'mse-server: The name is taken. Take another.\n'])
	})

	test('wrong usage is 2 and no server is 3', async () => {
		expect((await fails(usageError('No.'))).code).toBe(2)
		expect((await fails(unreachable('http://h', null))).code).toBe(3)
	})

	test('what the system says is one line, a defect of ours has its stack', async () => {
		expect((await fails(Object.assign(new Error('EACCES: no'), { code: 'EACCES' }))).stderr).toBe('mse-server: EACCES: no\n')
		expect((await fails(new Error('broken'))).stderr).toContain('run.test.ts')
	})
})
