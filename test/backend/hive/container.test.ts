import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nspawnCage, startArgv } from '../../../src/backend/hive/nspawn.ts'
import { containerCage, createArgs } from '../../../src/backend/hive/podman.ts'
import type { ProgramResult, RunProgram } from '../../../src/backend/hive/program.ts'
import type { CagedAgent } from '../../../src/core/hive/cage.ts'
import { cageContract } from '../../contract/cage.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { cageWorld, runProgram, tools } from './cage-world.ts'

// podman alone takes a second for a container to come and go.
setDefaultTimeout(20_000)

const IMAGE = 'docker.io/library/debian:stable-slim'
const ROOT = '/var/lib/machines/debian'

for (const program of ['podman', 'docker'] as const) {
	const found = await containerCage({ program, owner: 'test', run: runProgram }).probe()
	const hasImage = found.available && (await runProgram([program, 'image', 'inspect', IMAGE])).exitCode === 0
	const why = found.available ? `there is no image ${IMAGE}` : found.detail
	const open = () => withImage(IMAGE, (owner) => containerCage({ program, owner, run: runProgram }))
	cageContract(program, open, hasImage ? undefined : why)
}

const newNspawn = (owner: string) => nspawnCage({ owner, run: runProgram, tools, stopGraceMs: 1000 })
const nspawn = await newNspawn('test').probe()
cageContract('nspawn', () => withImage(ROOT, newNspawn), nspawn.available ? undefined : nspawn.detail)

async function withImage(image: string, make: Parameters<typeof cageWorld>[0]) {
	const world = await cageWorld(make)
	return { ...world, agent: (name: string, script: string, over = {}) => world.agent(name, script, { image, ...over }) }
}

const agent: CagedAgent = {
	...{
		name: 'alice',
		role: 'agent',
		uid: 7001,
		image: 'img',
		argv: ['-x', 'run me'],
		env: { TOKEN: 'secret' },
		cwd: '/work',
		sha: '1',
		folder: '/applied/1',
	},
	...{ ready: 'started', restart: 'never', limits: { cpu: 1.5, memory: 1000, pids: 9 } },
	mounts: [{ host: '/data/in', guest: '/in', ro: true }],
	home: { config: '/s/config', state: '/s/state', creds: '/s/creds', logs: '/s/logs', socket: '/r/alice' },
}

/** Answers calls by how they begin, and keeps them. */
function scripted(answers: { readonly [begin: string]: Partial<ProgramResult> }) {
	const calls: string[] = []
	const run: RunProgram = async (argv) => {
		const line = argv.join(' ')
		calls.push(line)
		const found = Object.entries(answers).find(([begin]) => line.startsWith(begin))
		return { exitCode: 0, stdout: '', stderr: '', ...found?.[1] }
	}
	return { calls, run }
}

const inspected = (over: object, owner = 'hive-1'): Partial<ProgramResult> => ({
	stdout: JSON.stringify([
		{ Id: 'c1', State: { Running: true, ExitCode: 0, ...over }, Config: { Labels: { hive: '1', 'hive.owner': owner } } },
	]),
})

describe('containers', () => {
	test('are made with what is theirs, and no value of a variable is an argument', () => {
		const args = createArgs(agent, 'hive-1', ['TOKEN', 'HIVE_LABEL'])
		expect(args.join(' ')).toBe(
			[
				'create --name h-alice --hostname alice --label hive=1 --label hive.owner=hive-1',
				'--mount type=bind,source=/r/alice,target=/run/hive --mount type=bind,source=/s/state,target=/state',
				'--mount type=bind,source=/s/creds,target=/creds --mount type=bind,source=/applied/1,target=/applied/1,readonly',
				'--mount type=bind,source=/data/in,target=/in,readonly',
				'--env TOKEN --env HIVE_LABEL --cpus 1.5 --memory 1000 --pids-limit 9 --user 7001:7001 --workdir /work -- img -x run me',
			].join(' '),
		)
		const strange = { ...agent, mounts: [{ host: '/a,readonly=false', guest: '/b' }] }
		expect(() => createArgs(strange, 'o', [])).toThrow('the mount /a,readonly=false has a comma or a quote in it')
	})

	test('that exist already are replaced, and only ours are touched', async () => {
		const ours = scripted({ 'podman inspect': inspected({}) })
		await containerCage({ program: 'podman', owner: 'hive-1', run: ours.run }).create(agent)
		expect(ours.calls.map((call) => call.split(' ').slice(0, 3).join(' '))).toEqual([
			'podman inspect --type',
			'podman rm -f',
			'podman create --name',
		])
		const theirs = scripted({ 'podman inspect': inspected({}, 'another') })
		const cage = containerCage({ program: 'podman', owner: 'hive-1', run: theirs.run })
		await cage.remove('alice')
		expect(await cage.stop('alice', 1000)).toEqual({ exists: false, running: false })
		expect(theirs.calls.every((call) => call.startsWith('podman inspect'))).toBe(true)
	})

	test('are stopped with the grace in seconds, and tell their exit code', async () => {
		const { calls, run } = scripted({ 'docker inspect': inspected({}) })
		const cage = containerCage({ program: 'docker', owner: 'hive-1', run })
		await cage.stop('alice', 2500)
		expect(calls[1]).toBe('docker stop -t 3 h-alice')
		const ended = scripted({ 'docker inspect': inspected({ Running: false, ExitCode: 9 }) })
		expect(await containerCage({ program: 'docker', owner: 'hive-1', run: ended.run }).inspect('alice')).toEqual({
			...{ exists: true, running: false, exitCode: 9 },
		})
	})

	test('are taken back by their id', async () => {
		const cage = containerCage({ program: 'podman', owner: 'hive-1', run: scripted({ 'podman inspect': inspected({}) }).run })
		expect(await cage.start(agent)).toEqual({ container: 'c1' })
		expect(await cage.adopt('alice', { container: 'c1' })).toMatchObject({ running: true })
		expect(await cage.adopt('alice', { container: 'c2' })).toMatchObject({ running: false })
	})

	test('one that is not there is told from a program that fails', async () => {
		const gone = scripted({ 'docker inspect': { exitCode: 1, stderr: 'Error: No such container: h-alice' } })
		expect(await containerCage({ program: 'docker', owner: 'o', run: gone.run }).inspect('alice')).toEqual({
			exists: false,
			running: false,
		})
		const broken = scripted({ docker: { exitCode: 1, stderr: 'Cannot connect to the Docker daemon.\nIs it running?' } })
		const cage = containerCage({ program: 'docker', owner: 'o', run: broken.run })
		await expect(cage.inspect('alice')).rejects.toThrow('docker: Cannot connect to the Docker daemon')
		expect(await cage.probe()).toMatchObject({ available: false, detail: 'Cannot connect to the Docker daemon' })
	})
})

describe('machines of nspawn', () => {
	test('are started as a unit with what is theirs', () => {
		const argv = startArgv(agent, { description: 'agent alice of hive h', stopGraceMs: 2500, variables: ['TOKEN'] })
		expect(argv.join(' ')).toBe(
			[
				'systemd-run --quiet --unit=hive-alice.service --description=agent alice of hive h --property=KillMode=mixed --property=Delegate=yes --property=TimeoutStopSec=3',
				'--property=CPUQuota=150% --property=MemoryMax=1000 --property=TasksMax=9 --setenv=SYSTEMD_LOG_LEVEL=warning --setenv=TOKEN',
				'-- systemd-nspawn --quiet --keep-unit --kill-signal=SIGTERM --link-journal=no --register=yes --machine=h-alice --directory=img --user=7001',
				'--bind=/r/alice:/run/hive --bind=/s/state:/state --bind=/s/creds:/creds --bind-ro=/applied/1:/applied/1 --bind-ro=/data/in:/in',
				'--setenv=TOKEN --chdir=/work -- -x run me',
			].join(' '),
		)
		const odd = { ...agent, mounts: [{ host: '/a:b\\c', guest: '/d' }] }
		expect(startArgv(odd, { description: '', stopGraceMs: 0, variables: [] })).toContain('--bind=/a\\:b\\\\c:/d')
	})

	test('need the user of the agent in their root folder', async () => {
		using dir = tempDir()
		mkdirSync(join(dir.path, 'etc'))
		const { calls, run } = scripted({})
		const cage = nspawnCage({ owner: 'h', run, tools, stopGraceMs: 1 })
		const start = () => cage.start({ ...agent, image: dir.path }).catch(({ message, hint }) => `${message} ${hint}`)
		expect(await start()).toStartWith(`${dir.path}/etc/passwd has no user 7001, as which alice is to run. Add the line alice:x:7001:7001:`)
		expect(calls).toEqual([])
		writeFileSync(join(dir.path, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\nalice:x:7001:7001::/state:/bin/sh\n')
		expect(await start()).toEqual({ invocation: '' })
	})

	test('are known by their unit, its description and its invocation', async () => {
		const show = (state: string, description = 'agent alice of hive h') => ({
			stdout: `LoadState=loaded\nActiveState=${state}\nExecMainStatus=4\nInvocationID=i1\nDescription=${description}\n`,
		})
		const cage = (answer: Partial<ProgramResult>) =>
			nspawnCage({ owner: 'h', run: scripted({ 'systemctl show': answer }).run, tools, stopGraceMs: 1 })
		expect(await cage(show('active')).adopt('alice', { invocation: 'i1' })).toEqual({ exists: true, running: true })
		expect(await cage(show('active')).adopt('alice', { invocation: 'i0' })).toEqual({ exists: false, running: false })
		expect(await cage(show('failed')).inspect('alice')).toEqual({ exists: true, running: false, exitCode: 4 })
		expect(await cage(show('active', 'somebody else')).inspect('alice')).toEqual({ exists: false, running: false })
		expect(await cage(show('active')).start({ ...agent, uid: null })).toEqual({ invocation: 'i1' })
		await expect(cage({ exitCode: 1, stderr: 'no bus' }).inspect('alice')).rejects.toThrow('systemctl: no bus')
	})
})
