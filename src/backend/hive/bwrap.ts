import { realpathSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import type { CagedAgent } from '../../core/hive/cage.ts'
import { GUEST } from './environment.ts'
import { mountsOf } from './mount.ts'

/** Of these a program may see everything, and change nothing. */
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/etc', '/opt', '/nix']

/**
 * What runs an agent's program where it sees the system, its own folders and its mounts, and nothing else: neither the sockets of
 * others nor other processes. The network is that of the machine. `program` is where its first argument was found.
 */
export function bwrapArgv(bwrap: string, agent: CagedAgent, program: string): readonly string[] {
	const { argv, cwd } = agent
	return [
		bwrap,
		...['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
		// A root that could mount would see the rest of the machine.
		...['--cap-drop', 'ALL'],
		...SYSTEM.flatMap((folder) => ['--ro-bind-try', folder, folder]),
		...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--tmpfs', '/run'],
		// Names are looked up by way of it, and it is often a link into /run.
		...['--ro-bind-try', '/run/systemd/resolve', '/run/systemd/resolve'],
		...programBinds(program),
		...mountsOf(agent).flatMap(({ host, guest, ro }) => [ro === true ? '--ro-bind' : '--bind', host, guest]),
		...['--chdir', cwd ?? GUEST.state, '--'],
		...argv,
	]
}

/** A program that is not part of the system, by its own name and by what that leads to. */
function programBinds(program: string): string[] {
	if (!isAbsolute(program)) return []
	const paths = new Set([program, realpathSync(program)])
	return [...paths].filter((path) => !SYSTEM.some((folder) => path.startsWith(`${folder}/`))).flatMap((path) => ['--ro-bind', path, path])
}
