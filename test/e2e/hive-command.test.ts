import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { eventually } from '../support/eventually.ts'
import { tempDir } from '../support/temp-dir.ts'
import { call } from './support/api.ts'
import { bareEnvironment, binaryPath, CHECKOUT, type Ended, runBinary } from './support/binary.ts'
import { startTestServer } from './support/server.ts'

/** What an agent does that is told something: it says it in capitals to whoever is the operator. */
const SHOUT = 'while m=$("$MSE" hive recv --wait 60); do [ -n "$m" ] && "$MSE" hive send operator "$(echo "$m" | tr a-z A-Z)"; done'
const shouting = `[hive.defaults]
argv = ["sh", "-c", ${JSON.stringify(SHOUT)}]
env = { MSE = ${JSON.stringify(binaryPath())} }
`
const config = `[webhook.chat]
url = "URL"
secret_env = "CHAT_SECRET"
kinds = ["approval.", "hive."]
`

/** A server with a hive, and the command in a terminal of its user. */
async function hiveWorld(agents = shouting) {
	const folder = tempDir()
	const told: string[] = []
	const receiver = Bun.serve({
		...{ port: 0, hostname: '127.0.0.1' },
		async fetch(request) {
			told.push(((await request.json()) as { type: string }).type)
			return new Response(null, { status: 204 })
		},
	})
	const env = { HIVE_RUN_DIR: join(folder.path, 'run'), HIVE_STATE_DIR: join(folder.path, 'state'), CHAT_SECRET: 'secret' }
	const server = await startTestServer({
		env,
		args: ['--hive-start-grace-ms', '50'],
		config: agents + config.replace('URL', receiver.url.href),
	})
	return {
		...{ server, told, env, folder: folder.path },
		/** `mse-server hive …`; `--as manager` is the manager. */
		hive: (...args: string[]): Promise<Ended> => runBinary(['hive', ...args], { env }),
		async [Symbol.asyncDispose]() {
			for (const name of ['alice', 'bob', 'manager']) await runBinary(['hive', 'kill', name], { env })
			await server[Symbol.asyncDispose]()
			await receiver.stop(true)
			folder[Symbol.dispose]()
		},
	}
}

const done = (stdout: string): Ended => ({ code: 0, stdout, stderr: '' })

test('the manager asks for an agent, a person approves it, the agent answers, and everybody else hears of it', async () => {
	await using world = await hiveWorld()
	expect(await world.hive('request-spawn', 'alice', '--as', 'manager')).toEqual(done('alice waits for an approval\n'))
	expect((await world.hive('pending')).stdout).toMatch(/\n1 +spawn +alice /)
	expect(await world.hive('approve', '1')).toEqual(done('approval 1 is approved\n'))
	const heard = await world.hive('recv', '--as', 'manager', '--wait', '5')
	expect(heard).toEqual({ ...done(heard.stdout), stderr: 'from system\n' })
	expect(JSON.parse(heard.stdout)).toEqual({ event: 'approval_resolved', id: 1, agent: 'alice', commit_ref: '', status: 'approved' })
	expect(await world.hive('send', 'alice', 'hello there')).toEqual(done(''))
	expect(await world.hive('recv', '--wait', '20')).toEqual({ code: 0, stdout: 'HELLO THERE\n', stderr: 'from alice\n' })
	await eventually(() => world.told.includes('hive.agent_spawned') && world.told.includes('approval.approved'), {
		what: 'the webhook is told',
	})
	expect(world.told.every((kind) => /^(approval|hive)\./.test(kind))).toBe(true)
}, 60_000)

/** The commands of the README, for this binary and this server. */
async function readmeDemo({ url }: { readonly url: string }): Promise<string> {
	const section = (await Bun.file(join(CHECKOUT, 'README.md')).text()).split('### A manager, a person and a new agent')[1] ?? ''
	const script = /```sh\n([\s\S]*?)```/.exec(section)?.[1] ?? ''
	return script.replaceAll('dist/mse-server', binaryPath()).replaceAll('127.0.0.1:7777', new URL(url).host)
}

test('the demo of the README does what its comments say', async () => {
	const harness = [binaryPath(), 'hive', 'harness', '--answer', '--', 'tr', 'a-z', 'A-Z']
	await using world = await hiveWorld(`[hive.defaults]\nargv = ${JSON.stringify(harness)}\n`)
	const child = Bun.spawn(['sh', '-e'], {
		...{ cwd: world.folder, env: bareEnvironment(world.folder, world.env) },
		...{ stdin: new TextEncoder().encode(await readmeDemo(world.server)), stdout: 'pipe', stderr: 'pipe' },
	})
	const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
	expect({ code, err }).toEqual({ code: 0, err: 'from system\nfrom alice\n' })
	const lines = out.split('\n')
	expect(lines[0]).toBe('alice waits for an approval')
	expect(lines[2]).toMatch(/^1 +spawn +alice /)
	expect(lines[3]).toBe('approval 1 is approved')
	expect(JSON.parse(lines[4] ?? '')).toMatchObject({ event: 'approval_resolved', id: 1, agent: 'alice', status: 'approved' })
	expect(lines[5]).toContain('"text":"HELLO"')
	expect(lines[5]).toContain('"status":"done"')
	expect(lines[5]?.endsWith('ANYBODY THERE?') || lines[6] === 'ANYBODY THERE?').toBe(true)
}, 60_000)

test('agents outlive a killed server, their messages too, and the command says when there is none', async () => {
	await using world = await hiveWorld()
	expect(await world.hive('spawn', 'bob')).toEqual(done('bob is running\n'))
	await world.hive('kill', 'bob')
	expect((await world.hive('status', 'bob')).stdout).toContain('stopped')
	await world.hive('send', 'bob', 'wake up')
	await world.server.kill('SIGKILL')
	const without = await world.hive('list')
	expect([without.code, without.stderr]).toEqual([3, expect.stringContaining('is stale')])
	await world.server.restart()
	expect(await world.hive('start', 'bob')).toEqual(done('bob is running\n'))
	expect((await world.hive('recv', '--wait', '20')).stdout).toBe('WAKE UP\n')
	const { body } = await call<{ agents: { name: string; state: string }[] }>('GET', `${world.server.url}/v1/hive/agents`)
	expect(body.agents).toMatchObject([{ name: 'bob', state: 'running' }])
	expect((await world.hive('destroy', 'bob', '--purge')).stdout).toBe('bob is gone\n')
	expect((await world.hive('status')).stdout).toBe('no agents\n')
}, 60_000)

test('a server that stops well leaves no socket, and the command says that nothing runs', async () => {
	await using world = await hiveWorld()
	expect((await world.hive('doctor')).code).toBe(0)
	await world.server.kill('SIGTERM')
	const none = await world.hive('list')
	expect([none.code, none.stderr]).toEqual([3, expect.stringContaining('no hive is running')])
}, 60_000)
