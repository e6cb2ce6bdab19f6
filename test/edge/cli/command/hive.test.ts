import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { hiveCommand } from '../../../../src/edge/cli/command/hive.ts'
import { newText } from '../../../../src/edge/cli/hive/attach.ts'
import { runCli } from '../../../../src/edge/cli/run.ts'
import { noSocket } from '../../../../src/edge/client/hive-socket.ts'
import { eventually } from '../../../support/eventually.ts'
import { tempDir } from '../../../support/temp-dir.ts'
import { hiveWorld } from '../../socket/hive-world.ts'
import { fakeTerminal } from '../terminal.ts'

/** `mse-server hive` in a world whose run directory its configuration names. */
async function cliWorld() {
	const world = await hiveWorld()
	const start = (line: string, env: Record<string, string> = {}) => {
		const terminal = fakeTerminal({ env: { HOME: '/nowhere', ...env } })
		const words = line.match(/'[^']*'|\S+/g)?.map((word) => word.replaceAll("'", '')) ?? []
		return { terminal, ended: runCli(['hive', ...words], [hiveCommand(() => world.runDir)], terminal) }
	}
	return {
		...{ world, start },
		async run(line: string, env?: Record<string, string>) {
			const { terminal, ended } = start(line, env)
			return { code: await ended, out: terminal.stdout, err: terminal.stderr }
		},
		[Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
	}
}

const done = (out: string) => ({ code: 0, out, err: '' })

describe('the operator', () => {
	test('makes, moves and ends agents', async () => {
		await using cli = await cliWorld()
		expect(await cli.run('spawn carol')).toEqual(done('carol is running\n'))
		expect(await cli.run('list')).toEqual(done('alice\nbob\ncarol\n'))
		expect(await cli.run('pause carol')).toEqual(done('carol is paused\n'))
		expect(await cli.run('kill carol')).toEqual(done('carol is stopped\n'))
		expect(await cli.run('start carol')).toEqual(done('carol is running\n'))
		expect(await cli.run('restart carol')).toEqual(done('carol is running\n'))
		expect(await cli.run('rebuild carol')).toEqual(done('carol is running with what is applied\n'))
		expect(await cli.run('logs carol --tail 1')).toEqual(done('line 0\n'))
		expect(await cli.run('destroy carol --purge')).toEqual(done('carol is gone\n'))
		expect(cli.world.script.calls.at(-1)).toBe('destroy carol and its state')
	})

	test('sees what waits for a yes, and answers it', async () => {
		await using cli = await cliWorld()
		expect((await cli.run('pending')).out).toBe('nothing waits\n')
		await cli.run('request-spawn carol')
		await cli.run('request-spawn dave')
		expect((await cli.run('pending')).out).toMatch(/^ID {2}KIND {3}AGENT +COMMIT +ASKED\n1 {3}spawn {2}carol .*\n2 {3}spawn {2}dave .*\n$/)
		expect(await cli.run('approve 1')).toEqual(done('approval 1 is approved\n'))
		expect(await cli.run("deny 2 --note 'not today'")).toEqual(done('approval 2 is denied\n'))
		expect(cli.world.script.calls.at(-1)).toBe('deny 2: not today')
		expect(await cli.run('approve 1')).toEqual({ code: 1, out: '', err: 'mse-server: approval 1 is already approved\n' })
	})

	test('writes to agents and reads what they wrote to it', async () => {
		await using cli = await cliWorld()
		expect(await cli.run("send alice 'hello you'")).toEqual(done(''))
		expect((await cli.run('status alice')).out).toContain('alice  running  1')
		await cli.world.broker.send({ from: 'alice', to: 'operator', body: 'done', via: 'agent-socket' })
		expect(await cli.run('recv')).toEqual({ code: 0, out: 'done\n', err: 'from alice\n' })
		expect(await cli.run('recv')).toEqual({ code: 0, out: '', err: 'no message\n' })
	})

	test('is shown the raw line on request, also of a refusal', async () => {
		await using cli = await cliWorld()
		expect(await cli.run('list --json')).toEqual(done('{"ok":true,"agents":["alice","bob"]}\n'))
		expect(await cli.run('kill carol --json')).toEqual({ code: 1, out: '{"ok":false,"error":"no such agent"}\n', err: '' })
	})

	test('follows what an agent writes until a signal', async () => {
		await using cli = await cliWorld()
		const { terminal, ended } = cli.start('attach alice')
		await eventually(() => terminal.stdout === 'line 0\nline 1\nline 2\n', { what: 'the log is shown' })
		terminal.signal('SIGINT')
		expect(await ended).toBe(0)
		expect((await cli.run('attach carol')).err).toBe('mse-server: no such agent\n')
	})

	test('is told which sockets answer', async () => {
		await using cli = await cliWorld()
		const { code, out } = await cli.run('doctor')
		expect([code, out.split('\n').filter((line) => line.startsWith('ok'))]).toEqual([0, expect.arrayContaining([expect.any(String)])])
		expect(out).toContain(join(cli.world.runDir, 'agents/bob/mcp.sock'))
	})
})

describe('an agent', () => {
	test('is who its socket says, from the environment, by path or by name', async () => {
		await using cli = await cliWorld()
		const { paths } = cli.world
		expect(await cli.run('send bob 1', { HIVE_SOCKET: paths.agentSocket('alice') })).toEqual(done(''))
		expect(await cli.run(`send bob 2 --socket ${paths.managerSocket}`)).toEqual(done(''))
		expect(await cli.run('send bob 3 --as manager')).toEqual(done(''))
		expect(await cli.run('status --as bob')).toEqual(done('3 unread\n'))
		expect(await cli.run('recv --wait 1 --as bob')).toEqual({ code: 0, out: '1\n', err: 'from alice\n' })
		expect(await cli.run('recv --json --as bob')).toEqual(done('{"kind":"message","from":"manager","body":"2"}\n'))
	})

	test('that is the manager asks for agents and for configs; another may not', async () => {
		await using cli = await cliWorld()
		expect(await cli.run('request-spawn carol --as manager')).toEqual(done('carol waits for an approval\n'))
		expect(await cli.run('request-apply-commit alice 3f2a91c --as manager')).toEqual(done('the config of alice waits for an approval\n'))
		expect(cli.world.script.calls).toEqual(['request_spawn carol by manager', 'request_apply_commit alice 3f2a91c by manager'])
		const refused = await cli.run('request-spawn carol --as alice')
		expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('unknown variant `request_spawn`')])
		expect((await cli.run('request-apply-commit alice 3f2a91c')).code).toBe(2)
	})
})

test('a message as large as an inbox takes goes and comes whole', async () => {
	await using cli = await cliWorld()
	const body = 'ä€😀'.repeat(25_000)
	expect((await cli.run(`send bob ${body} --as alice`)).code).toBe(0)
	expect((await cli.run('recv --as bob')).out).toBe(`${body}\n`)
})

describe('what is typed wrongly', () => {
	test.each([
		['spawn', 'NAME is missing.'],
		['send alice', 'TEXT is missing.'],
		['approve seven', 'APPROVAL is "seven"'],
		['recv --wait soon', '--wait is "soon"'],
		['logs alice --tail 0', '--tail is "0"'],
		['list alice', 'one argument too many'],
		['spwan alice', 'There is no "hive spwan". The nearest is "spawn".'],
	])('%s is refused before anything is asked', async (line, sentence) => {
		await using cli = await cliWorld()
		const { code, err } = await cli.run(line)
		expect([code, err]).toEqual([2, expect.stringContaining(sentence)])
		expect(cli.world.script.calls).toEqual([])
	})
})

describe('a hive that cannot be reached', () => {
	test('is told apart: nobody started it, or it left its socket behind', async () => {
		using dir = tempDir()
		await using cli = await cliWorld()
		const none = await cli.run(`list --run-dir ${dir.path}`)
		expect([none.code, none.err]).toEqual([3, expect.stringContaining(`no hive is running: there is no ${dir.path}/host.sock.`)])
		await Bun.write(join(dir.path, 'host.sock'), '')
		const stale = await cli.run(`list --run-dir ${dir.path}`)
		expect([stale.code, stale.err]).toEqual([3, expect.stringContaining(`${dir.path}/host.sock is stale`)])
		expect((await cli.run(`doctor --run-dir ${dir.path}`)).code).toBe(3)
	})

	test('for want of permission names the group', () => {
		const denied = (group: string | null) => {
			const { message, hint } = noSocket('/run/hyperhive/host.sock', 'EACCES', group)
			return [message, hint]
		}
		const sentence = 'permission denied: /run/hyperhive/host.sock is not for this user.'
		expect(denied('hive-admin')).toEqual([sentence, 'Its group is hive-admin: members of hive.admin_group are operators.'])
		expect(denied(null)).toEqual([sentence, 'Its folder is closed to this user.'])
	})
})

test('of a log that is cut at its beginning only what is new is shown', () => {
	expect(newText('', 'a\nb\n')).toBe('a\nb\n')
	expect(newText('a\nb\n', 'a\nb\nc\n')).toBe('c\n')
	expect(newText('a\nb\n', 'b\nc\n')).toBe('c\n')
	expect(newText('a\nb', 'a\nbc\n')).toBe('c\n')
	expect(newText('a\nb\n', 'x\ny\n')).toBe('x\ny\n')
	expect(newText('a\nb\n', 'a\nb\n')).toBe('')
})
