import { expect, test } from 'bun:test'
import { loadConfig } from '../../../src/config.ts'
import { groupId, hiveFolders } from '../../../src/engine/hive/folder.ts'
import { tempDir } from '../../support/temp-dir.ts'

const HOME = '/home/ada'

function folders(environment: Record<string, string>, { uid = 1000, flags = {} as Record<string, string> } = {}) {
	const given = new Map(Object.entries(flags).map(([name, value]) => [name, [value]]))
	const { hive: config } = loadConfig({ flags: given, env: { HOME }, readFile: () => undefined })
	return hiveFolders({ config, environment: { HOME, ...environment }, uid })
}

test('a key of the configuration wins over the environment, that over the places of root, those over what the session offers', () => {
	const HIVE_RUN_DIR = '/r'
	const XDG_RUNTIME_DIR = '/run/user/1000'
	const flags = { 'hive-run-dir': '~/run', 'hive-state-dir': '/s' }
	expect(folders({ HIVE_RUN_DIR, HIVE_STATE_DIR: '/t' }, { flags })).toEqual({ runDir: '/home/ada/run', stateDir: '/s' })
	expect(folders({ HIVE_RUN_DIR, HIVE_STATE_DIR: '/t', XDG_RUNTIME_DIR }, { uid: 0 })).toEqual({ runDir: '/r', stateDir: '/t' })
	expect(folders({ XDG_RUNTIME_DIR }, { uid: 0 })).toEqual({ runDir: '/run/hyperhive', stateDir: '/var/lib/hyperhive' })
	expect(folders({ XDG_RUNTIME_DIR })).toEqual({ runDir: '/run/user/1000/hyperhive', stateDir: '/home/ada/.mse/hive' })
	expect(folders({ HIVE_RUN_DIR: '', XDG_RUNTIME_DIR: '' })).toEqual({ runDir: '/home/ada/.mse/hive/run', stateDir: '/home/ada/.mse/hive' })
})

test('a group is given by number or by a name that exists', async () => {
	using dir = tempDir()
	const file = `${dir.path}/group`
	await Bun.write(file, 'root:x:0:\nhive-admin:x:977:ada\n')
	expect([groupId('12', file), groupId('hive-admin', file)]).toEqual([12, 977])
	expect(() => groupId('nobody', file)).toThrow('hive.admin_group is "nobody", and there is no such group.')
})
