import { isInside } from '../../../kernel/real-path.ts'
import type { AgentConfigFile } from '../../../protocol/hive-config.ts'
import { CONFIG_FILE_NAMES, invalidConfig, parseConfigFile } from './config-file.ts'
import type { ConfigTree } from './store.ts'

/** What of this machine a config may reach. */
export interface MountRule {
	/** Folders, absolute. What agents mount lies in them; none allows nothing. */
	readonly allow: readonly string[]
	/** A path with every link followed; null when nothing is there. */
	readonly realPath: (path: string) => Promise<string | null>
}

/** Where the server itself puts things in every cage. */
const TAKEN = ['/', '/run/hive', '/state']

/** The config in the files of a commit, mounts with their links followed. Throws `agent_config_invalid`. */
export async function readAgentConfig(tree: ConfigTree, rule: MountRule): Promise<AgentConfigFile> {
	const found = tree.files.filter(({ path }) => CONFIG_FILE_NAMES.includes(path))
	const [file, second] = found
	if (file === undefined) throw invalidConfig(`The commit has no ${CONFIG_FILE_NAMES.join(', ')} at its root.`, 'Add one, then commit.')
	if (second !== undefined) throw invalidConfig(`The commit has both ${file.path} and ${second.path}; keep one.`)
	const config = parseConfigFile(file.path, await tree.read(file))
	if (config.mounts === undefined) return config
	return { ...config, mounts: await Promise.all(config.mounts.map((mount) => checkMount(file.path, mount, rule))) }
}

type Mount = NonNullable<AgentConfigFile['mounts']>[number]

async function checkMount(name: string, mount: Mount, { allow, realPath }: MountRule): Promise<Mount> {
	const guest = mount.guest.replace(/\/+$/, '') || '/'
	if (TAKEN.includes(guest) || guest.startsWith('/run/hive/') || guest.split('/').includes('..'))
		throw invalidConfig(`The mount at ${mount.guest} in ${name} is not free; choose another place in the cage.`)
	const host = await realPath(mount.host)
	if (host === null) throw invalidConfig(`The mount ${mount.host} in ${name} is not on this machine.`)
	for (const folder of allow) {
		const real = await realPath(folder)
		if (real !== null && (real === host || isInside(real, host))) return { ...mount, host }
	}
	throw invalidConfig(
		`The mount ${mount.host} in ${name} is not allowed.`,
		'hive.mount_allow in the server’s config lists the folders that are.',
	)
}
