import { expect, test } from 'bun:test'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { bwrapArgv } from '../../../src/backend/hive/bwrap.ts'
import { eventually } from '../../support/eventually.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { verifies } from '../../support/verifies.ts'
import { processWorld, tools } from './cage-world.ts'

const whyNot = tools.find('bwrap') === null ? ' (skipped: there is no bwrap)' : ''

test('a sandbox holds the system, the folders of its agent and its mounts', async () => {
	await using world = await processWorld()
	const mounts = [
		{ host: '/data/a', guest: '/a', ro: true },
		{ host: '/data/b', guest: '/b' },
	]
	const agent = await world.agent('alice', 'true', { mounts, cwd: '/work' })
	const line = bwrapArgv('/usr/bin/bwrap', agent, process.execPath).join(' ')
	expect(line).toStartWith('/usr/bin/bwrap --unshare-pid --unshare-ipc')
	expect(line).toContain(` --bind ${agent.home.socket} /run/hive --bind ${agent.home.state} /state --bind ${agent.home.creds} /creds `)
	expect(line).toEndWith(' --ro-bind /data/a /a --bind /data/b /b --chdir /work -- sh -c true')
	expect(line).toContain(`--ro-bind ${process.execPath} ${process.execPath}`)
	expect(bwrapArgv('bwrap', agent, '/usr/bin/sh').join(' ')).not.toContain('--ro-bind /usr/bin/sh')
})

test.skipIf(whyNot !== '')(`in a sandbox an agent sees neither the folders of others nor their processes${whyNot}`, async () => {
	verifies('08.32')
	await using world = await processWorld({ sandbox: 'bwrap' })
	const bob = await world.agent('bob', 'sleep 60')
	await world.cage.start(bob)
	const look = `ls ${bob.home.socket} ${bob.home.state} 2>&1; ls -d /proc/[0-9]* | wc -l; touch /usr/x 2>&1; ls /run/hive /creds; echo looked; sleep 60`
	const alice = await world.agent('alice', look)
	await world.cage.start(alice)
	await eventually(async () => (await world.cage.logs(alice, 20)).includes('looked'), { what: 'it looked' })
	const log = await world.cage.logs(alice, 20)
	expect(log.match(/No such file or directory/g)).toHaveLength(2)
	expect(log).toContain('Read-only file system')
	expect(Number(/^\d+$/m.exec(log)?.[0])).toBeLessThan(6)
})

test.skipIf(whyNot !== '')(`in a sandbox the manager writes proposals, and cannot write what was applied${whyNot}`, async () => {
	await using world = await processWorld({ sandbox: 'bwrap' })
	using outside = tempDir()
	for (const name of ['config', 'applied']) mkdirSync(join(outside.path, name))
	const shown = [
		{ host: join(outside.path, 'config'), guest: '/agents/alice/config' },
		{ host: join(outside.path, 'applied'), guest: '/applied', ro: true },
	]
	const script = 'touch /agents/alice/config/agent.toml; touch /applied/x; ls /applied; echo tried; sleep 60'
	const manager = { ...(await world.agent('boss', script)), shown }
	await world.cage.start(manager)
	await eventually(async () => (await world.cage.logs(manager, 20)).includes('tried'), { what: 'it tried' })
	expect(await world.cage.logs(manager, 20)).toContain('Read-only file system')
	expect([readdirSync(join(outside.path, 'config')), readdirSync(join(outside.path, 'applied'))]).toEqual([['agent.toml'], []])
})
