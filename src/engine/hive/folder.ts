import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../../config.ts'
import { MseError } from '../../kernel/error.ts'

interface Asked {
	readonly config: Config['hive']
	readonly environment: { readonly [name: string]: string | undefined }
	readonly uid: number
}

/** Where the sockets of the hive are, and where its agents keep what they have. */
export function hiveFolders({ config, environment, uid }: Asked): { readonly runDir: string; readonly stateDir: string } {
	const isRoot = uid === 0
	const { HIVE_STATE_DIR, HIVE_RUN_DIR, XDG_RUNTIME_DIR, HOME } = environment
	const ownState = join(HOME ?? '.', '.mse/hive')
	const stateDir = config.stateDir ?? (HIVE_STATE_DIR || (isRoot ? '/var/lib/hyperhive' : ownState))
	const ownRun = XDG_RUNTIME_DIR ? join(XDG_RUNTIME_DIR, 'hyperhive') : join(stateDir, 'run')
	return { stateDir, runDir: config.runDir ?? (HIVE_RUN_DIR || (isRoot ? '/run/hyperhive' : ownRun)) }
}

/** The number of a group that is given by name or number. Throws `config_invalid` for one that does not exist. */
export function groupId(group: string, groupFile = '/etc/group'): number {
	if (/^\d+$/.test(group)) return Number(group)
	const line = readFileSync(groupFile, 'utf8')
		.split('\n')
		.map((each) => each.split(':'))
		.find(([name]) => name === group)
	if (line?.[2] !== undefined) return Number(line[2])
	throw new MseError('invalid', `hive.admin_group is ${JSON.stringify(group)}, and there is no such group.`, { code: 'config_invalid' })
}
