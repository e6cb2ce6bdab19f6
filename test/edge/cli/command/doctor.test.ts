import { describe, expect, test } from 'bun:test'
import { doctorCommand, type LocalChecks } from '../../../../src/edge/cli/command/doctor.ts'
import { runCli } from '../../../../src/edge/cli/run.ts'
import type { Check } from '../../../../src/protocol/health.ts'
import { httpWorld } from '../../http/support.ts'
import { fakeTerminal } from '../terminal.ts'

async function type(args: readonly string[], checks: readonly Check[] = []) {
	const terminal = fakeTerminal({ env: { HOME: '/nonexistent', MSE_URL: 'http://127.0.0.1:1' } })
	const local: LocalChecks = async () => [...checks]
	const code = await runCli(['doctor', '--bind', '127.0.0.1:0', ...args], [doctorCommand(local)], terminal)
	return { code, stdout: terminal.stdout, stderr: terminal.stderr }
}

describe('with a server', () => {
	test('its own checks are shown', async () => {
		await using world = httpWorld()
		const url = world.listen()
		expect(await type(['--url', url])).toEqual({ code: 0, stdout: `the server at ${url}\nok  templates  renders\n`, stderr: '' })
		expect(JSON.parse((await type(['--url', url, '--json'])).stdout)).toEqual({
			source: 'server',
			url,
			checks: [{ name: 'templates', status: 'ok', detail: 'renders' }],
		})
	})

	test('that wants its admin token, what it says is said', async () => {
		await using world = httpWorld({ http: { adminToken: 'secret' } })
		const url = world.listen()
		expect(await type(['--url', url])).toMatchObject({ code: 1, stderr: expect.stringContaining('MSE_TOKEN') })
		expect((await type(['--url', url, '--token', 'secret'])).code).toBe(0)
	})
})

describe('without a server', () => {
	test('this machine is checked: the server that is missing, the configuration, the address', async () => {
		const { code, stdout } = await type([], [{ name: 'disk', status: 'ok', detail: 'enough' }])
		expect(code).toBe(0)
		expect(stdout).toMatch(/^this machine\nmissing +server +No server answers at http:\/\/127\.0\.0\.1:1\./)
		expect(stdout).toContain('Start one with mse-server serve')
		expect(stdout).toMatch(/^ok +config +there is no \/nonexistent\/\.mse\/config\.toml/m)
		expect(stdout).toMatch(/^ok +disk +enough$/m)
		expect(stdout).toMatch(/^ok +address +127\.0\.0\.1:0 is free$/m)
	})

	test('something broken is exit code 1, something missing is not', async () => {
		expect((await type([], [{ name: 'a', status: 'missing', detail: 'x', hint: 'get it' }])).code).toBe(0)
		expect((await type([], [{ name: 'a', status: 'broken', detail: 'x' }])).code).toBe(1)
	})

	test('an address that is taken is broken and names the holder', async () => {
		using holder = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
		const { code, stdout } = await type(['--bind', `127.0.0.1:${holder.port}`])
		expect(code).toBe(1)
		expect(stdout).toContain(`127.0.0.1:${holder.port} is taken by process ${process.pid}`)
	})

	test('a configuration that cannot be read is wrong usage', async () => {
		expect(await type(['--bind', 'here'])).toMatchObject({ code: 2, stdout: '' })
	})
})
