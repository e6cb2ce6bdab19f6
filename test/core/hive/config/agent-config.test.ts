import { describe, expect, test } from 'bun:test'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { readAgentConfig } from '../../../../src/core/hive/config/agent-config.ts'
import { parseConfigFile } from '../../../../src/core/hive/config/config-file.ts'
import type { ConfigTree } from '../../../../src/core/hive/config/store.ts'
import { realPathOf } from '../../../../src/store/regular-file.ts'
import { tempDir } from '../../../support/temp-dir.ts'

const FULL = `
argv = ["claude", "--loop"]
cwd = "work"
backend = "podman"
image = "ghcr.io/a/b:1"
model = "large"
allowed_recipients = ["bob", "manager"]
roles = ["operator"]
ready = "recv"
restart = { policy = "on-failure", max = 3, backoff_ms = 1000 }
limits = { cpu = 1.5, memory = 536870912, pids = 100 }
mounts = [{ host = "/srv/data", guest = "/data", ro = true }]
[env]
LANG = "C"
[mcp_servers.files]
command = "files"
args = ["--root", "/data"]
[mcp_servers.web]
url = "https://example.com/mcp"
`

const parse = (name: string, text: string) => parseConfigFile(name, Buffer.from(text))

/** The files of a commit that is nowhere. */
function treeOf(files: Readonly<Record<string, string>>): ConfigTree {
	const list = Object.keys(files).map((path) => ({ path, id: path, executable: false }))
	return { sha: 'a'.repeat(40), files: list, read: async ({ path }) => Buffer.from(files[path] ?? '') }
}

const rule = (allow: readonly string[] = []) => ({ allow, realPath: realPathOf })

describe('a config file', () => {
	test('is read as TOML, YAML or JSON, to the same config', () => {
		const config = parse('agent.toml', FULL)
		expect(config).toMatchObject({ argv: ['claude', '--loop'], restart: { policy: 'on-failure', max: 3 }, limits: { cpu: 1.5 } })
		expect(parse('agent.json', JSON.stringify(config))).toEqual(config)
		expect(parse('agent.yaml', JSON.stringify(config))).toEqual(config)
		expect(parse('agent.yaml', 'argv: [sleep, "1"]\n')).toEqual({ argv: ['sleep', '1'] })
	})

	test('may be empty: everything is a default then', () => {
		expect(parse('agent.toml', '')).toEqual({})
	})

	test.each([
		['agent.toml', 'argvv = ["x"]', 'There is no key "argvv" for agent.toml. The nearest is "argv".'],
		['agent.toml', 'limits = { cpus = 1 }', 'There is no key "limits.cpus" for agent.toml. The nearest is "cpu".'],
		['agent.toml', 'argv = []', 'argv in agent.toml is not usable; expected a list of texts, the program first.'],
		['agent.toml', 'argv = "x"', 'argv in agent.toml is not usable; expected a list of texts, the program first.'],
		['agent.toml', 'backend = "vm"', 'backend in agent.toml is not usable; expected one of process, podman, docker, nspawn.'],
		['agent.toml', 'image = "--privileged"', 'image in agent.toml is not usable; expected the name of an image.'],
		['agent.toml', 'restart = "always"', 'restart in agent.toml is not usable; expected "never", or'],
		['agent.toml', 'allowed_recipients = ["Bob"]', 'allowed_recipients.0 in agent.toml is not usable; expected a name'],
		['agent.toml', 'roles = ["root"]', 'roles.0 in agent.toml is not usable; expected "operator".'],
		['agent.toml', 'limits = { memory = 100 }', 'limits.memory in agent.toml is not usable; expected a number of bytes'],
		[
			'agent.toml',
			'mcp_servers = { x = { command = "a", url = "https://b" } }',
			'mcp_servers.x in agent.toml is not usable; expected a table',
		],
		['agent.toml', 'mounts = [{ host = "data", guest = "/d" }]', 'mounts.0.host in agent.toml is not usable; expected an absolute path.'],
		['agent.toml', 'model = 1979-05-27', 'model in agent.toml is not usable; expected a text that is not empty.'],
		['agent.toml', 'env = { HIVE_SOCKET = "/x" }', 'env.HIVE_SOCKET in agent.toml is not free'],
		['agent.toml', 'env = { MSE_ATTEMPT_KEY = "x" }', 'env.MSE_ATTEMPT_KEY in agent.toml is not free'],
		['agent.toml', 'env = { "A=B" = "x" }', 'env'],
		['agent.toml', 'cwd = "../.."', 'cwd in agent.toml leaves its folder'],
		['agent.toml', 'argv = ["x"', 'agent.toml cannot be read: '],
		['agent.json', '{"argv": ["x"],}', 'agent.json cannot be read: '],
		['agent.json', '[]', 'agent.json holds no table of keys.'],
		['agent.json', 'null', 'agent.json holds no table of keys.'],
		['agent.json', '{"argv": ["a\\u0000b"]}', 'argv.0 in agent.json is not usable'],
		['agent.json', '{"__proto__": {"argv": ["x"]}}', '__proto__'],
		['agent.yaml', 'argv: &a [x]\nmounts: *a\n', 'agent.yaml cannot be read: '],
		['agent.yaml', 'argv: [x]\nargv: [y]\n', 'agent.yaml cannot be read: '],
		['agent.yaml', '!!js/function "x"', 'agent.yaml'],
	])('%s with %p is refused', (name, text, sentence) => {
		expect(() => parse(name, text)).toThrow(sentence)
	})

	test('of bytes that are no text, or of too many, is refused', () => {
		expect(() => parseConfigFile('agent.toml', Buffer.from([0xff, 0xfe]))).toThrow('agent.toml cannot be read')
		expect(() => parseConfigFile('agent.toml', new Uint8Array(65_537))).toThrow('more than 65536 bytes')
	})
})

describe('the config of a commit', () => {
	test('is one file at its root', async () => {
		await expect(readAgentConfig(treeOf({ 'a/agent.toml': '' }), rule())).rejects.toThrow(
			'The commit has no agent.toml, agent.yaml, agent.json',
		)
		await expect(readAgentConfig(treeOf({ 'agent.toml': '', 'agent.json': '{}' }), rule())).rejects.toThrow(
			'both agent.toml and agent.json',
		)
		expect(await readAgentConfig(treeOf({ 'agent.json': '{"model":"m"}', 'README.md': '' }), rule())).toEqual({ model: 'm' })
	})

	test('mounts only what lies in an allowed folder once its links are followed', async () => {
		using root = tempDir()
		const allowed = join(root.path, 'allowed')
		mkdirSync(join(allowed, 'data'), { recursive: true })
		mkdirSync(join(root.path, 'allowed-not'))
		symlinkSync(root.path, join(allowed, 'out'))
		symlinkSync(join(allowed, 'data'), join(allowed, 'in'))
		const mount = (host: string, guest = '/d') => treeOf({ 'agent.json': JSON.stringify({ mounts: [{ host, guest }] }) })
		expect(await readAgentConfig(mount(join(allowed, 'in')), rule([allowed]))).toEqual({
			mounts: [{ host: join(allowed, 'data'), guest: '/d' }],
		})
		expect(await readAgentConfig(mount(allowed), rule([allowed]))).toEqual({ mounts: [{ host: allowed, guest: '/d' }] })
		for (const host of ['/', root.path, join(root.path, 'allowed-not'), join(allowed, 'out'), `${allowed}/..`])
			await expect(readAgentConfig(mount(host), rule([allowed]))).rejects.toThrow('is not allowed')
		await expect(readAgentConfig(mount(allowed), rule())).rejects.toThrow('is not allowed')
		await expect(readAgentConfig(mount(join(allowed, 'gone')), rule([allowed]))).rejects.toThrow('is not on this machine')
		for (const guest of ['/', '/run/hive', '/run/hive/x', '/state/', '/a/../state'])
			await expect(readAgentConfig(mount(allowed, guest), rule([allowed]))).rejects.toThrow('is not free')
	})
})
