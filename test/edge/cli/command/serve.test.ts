import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../../../../src/config.ts'
import { type StartServer, serveCommand } from '../../../../src/edge/cli/command/serve.ts'
import { runCli } from '../../../../src/edge/cli/run.ts'
import { eventually } from '../../../support/eventually.ts'
import { tempDir } from '../../../support/temp-dir.ts'
import { fakeTerminal } from '../terminal.ts'

const URL_OF_SERVER = 'http://127.0.0.1:4711'

/** `serve` around a server that records what it was started with; `stop` waits for `stopped`. */
function serving(args: readonly string[], options: { env?: Record<string, string>; stopped?: Promise<void>; start?: StartServer } = {}) {
	const terminal = fakeTerminal({ env: { HOME: '/nonexistent', ...options.env } })
	const seen: { config: Config | null; stops: number } = { config: null, stops: 0 }
	const start: StartServer = async (config) => {
		seen.config = config
		const stop = async (): Promise<void> => {
			seen.stops += 1
			await options.stopped
		}
		return { url: URL_OF_SERVER, stop }
	}
	const code = runCli(['serve', ...args], [serveCommand(options.start ?? start)], terminal)
	const listening = () => eventually(() => terminal.stdout !== '', { what: 'the server listens' })
	return { terminal, seen, code, listening }
}

describe('a server that runs', () => {
	test('prints its real address as the one line on stdout, and ends with 0 at SIGTERM', async () => {
		const { terminal, seen, code, listening } = serving(['--bind', '127.0.0.1:0'])
		await listening()
		terminal.signal('SIGTERM')
		expect(await code).toBe(0)
		expect(terminal.stdout).toBe(`mse-server listening on ${URL_OF_SERVER}\n`)
		expect(terminal.stderr).toContain('"signal":"SIGTERM"')
		expect(seen.stops).toBe(1)
	})

	test('has its address in the file while it runs', async () => {
		using folder = tempDir()
		const file = join(folder.path, 'address')
		const { terminal, code, listening } = serving(['--address-file', file])
		await listening()
		expect(await eventually(() => existsSync(file) && readFileSync(file, 'utf8'), { what: 'the address is in its file' })).toBe(
			`${URL_OF_SERVER}\n`,
		)
		terminal.signal('SIGINT')
		await code
		expect(existsSync(file)).toBe(false)
	})

	test('ends without waiting at the second signal', async () => {
		const { terminal, code, listening } = serving([], { stopped: new Promise(() => {}) })
		await listening()
		terminal.signal('SIGINT')
		terminal.signal('SIGINT')
		expect(await code).toBe(130)
	})

	test('logs what the configuration warns of', async () => {
		const { terminal, code, listening } = serving(['--git-store-path', '/g'])
		await listening()
		terminal.signal('SIGTERM')
		await code
		expect(terminal.stderr.match(/git_store_path/g)).toHaveLength(1)
	})
})

describe('the admin token', () => {
	test('is made into the file, readable for its owner alone, and kept', async () => {
		using folder = tempDir()
		const file = join(folder.path, 'new/token')
		const tokens: (string | null | undefined)[] = []
		for (const said of ['a new admin token is in', 'the admin token is in']) {
			const { terminal, seen, code, listening } = serving(['--bind', '0.0.0.0:0', '--admin-token-file', file])
			await listening()
			terminal.signal('SIGTERM')
			await code
			expect(terminal.stderr).toContain(`mse-server: ${said} ${file}\n`)
			tokens.push(seen.config?.adminToken)
		}
		expect(tokens[0]).toMatch(/^[0-9a-f]{64}$/)
		expect(tokens).toEqual([readFileSync(file, 'utf8').trim(), tokens[0] ?? ''])
		expect(statSync(file).mode & 0o777).toBe(0o600)
	})

	test('given directly leaves the file alone', async () => {
		using folder = tempDir()
		const file = join(folder.path, 'token')
		const { terminal, seen, code, listening } = serving(['--admin-token-file', file], { env: { MSE_ADMIN_TOKEN: 'mine' } })
		await listening()
		terminal.signal('SIGTERM')
		await code
		expect(seen.config?.adminToken).toBe('mine')
		expect(existsSync(file)).toBe(false)
	})

	test('in an empty file is refused', async () => {
		using folder = tempDir()
		const file = join(folder.path, 'token')
		writeFileSync(file, '\n')
		const { terminal, code } = serving(['--admin-token-file', file])
		expect(await code).toBe(1)
		expect(terminal.stderr).toContain(`The admin token file ${file} is empty.`)
	})
})

describe('a server that cannot start', () => {
	test('on a taken port says who holds it, in one line', async () => {
		using holder = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
		const taken = Object.assign(new Error('in use'), { code: 'EADDRINUSE' })
		const { terminal, code } = serving(['--bind', `127.0.0.1:${holder.port}`], { start: () => Promise.reject(taken) })
		expect(await code).toBe(1)
		expect(terminal.stderr).toStartWith(`mse-server: 127.0.0.1:${holder.port} is taken by process ${process.pid} (bun`)
		expect(terminal.stderr.trimEnd()).not.toContain('\n')
	})

	test('on an address of another machine says so', async () => {
		const foreign = Object.assign(new Error('no'), { code: 'EADDRNOTAVAIL' })
		const { terminal, code } = serving(['--bind', '127.0.0.1:80'], { start: () => Promise.reject(foreign) })
		expect(await code).toBe(1)
		expect(terminal.stderr).toBe('mse-server: 127.0.0.1 is no address of this machine.\n')
	})

	test('for its configuration ends with 2', async () => {
		const { terminal, code } = serving(['--drain-secs', 'x'])
		expect(await code).toBe(2)
		expect(terminal.stderr).toContain('--drain-secs is "x"')
	})
})
