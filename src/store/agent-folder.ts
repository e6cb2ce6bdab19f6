import { chmod, lchown, lstat, mkdir, readdir, rm } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { type AgentFolders, type AgentHome, SOCKET_FILE } from '../core/hive/agent-folder.ts'
import { isAgentName, MANAGER } from '../core/hive/agent-name.ts'
import type { Mount } from '../core/hive/agent-spec.ts'
import { MseError } from '../kernel/error.ts'
import { isInside } from '../kernel/real-path.ts'
import { realPathOf } from './regular-file.ts'

export interface AgentRoots {
	/** What lasts: `agents/<name>`, `applied/<name>.git`. */
	readonly stateDir: string
	/** Sockets. */
	readonly runDir: string
}

const PRIVATE = 0o700
/** Agents with users of their own pass through, and see nothing. */
const PASSAGE = 0o711
const RUN_DIR = 0o751

/** Folders of agents below two roots, made where they are missing. */
export function agentFolders({ stateDir, runDir }: AgentRoots): AgentFolders {
	const [state, run] = [resolve(stateDir), resolve(runDir)]
	const below = (root: string, ...path: string[]): string => {
		const whole = join(root, ...path)
		if (isInside(root, whole)) return whole
		throw new MseError('malformed', `${whole} leads out of ${root}`, { code: 'invalid_name' })
	}
	const home = (name: string): AgentHome => {
		checkForm(name)
		const own = (folder: string): string => below(state, 'agents', name, folder)
		const socket = name === MANAGER ? below(run, MANAGER) : below(run, 'agents', name)
		return { config: own('config'), state: own('state'), creds: own('creds'), logs: own('logs'), socket }
	}
	return {
		home,
		async prepare(name, uid, proposer) {
			const folders = home(name)
			const { config, creds, logs, socket } = folders
			await make(state, join(state, 'agents', name), uid === null && proposer === null ? PRIVATE : PASSAGE)
			await make(state, logs, PRIVATE)
			await give(await make(state, config, PRIVATE), proposer)
			for (const folder of [folders.state, creds]) await give(await make(state, folder, PRIVATE), uid)
			await make(run, dirname(socket), RUN_DIR)
			await give(await make(run, socket, PRIVATE), uid)
			return folders
		},
		async managerMounts(uid) {
			const applied = await make(state, join(state, 'applied'), PASSAGE)
			const repositories = await proposals(state)
			for (const { host } of repositories) await give(host, uid)
			return [...repositories, { host: applied, guest: '/applied', ro: true }]
		},
		async handOver(name, uid) {
			if (uid !== null) await give(join(home(name).socket, SOCKET_FILE), uid).catch(ignoreMissing)
		},
		async clearRuntime(name) {
			await remove(run, home(name).socket)
		},
		async purge(name) {
			checkForm(name)
			await remove(state, below(state, 'agents', name))
			await remove(state, below(state, 'applied', `${name}.git`))
		},
		async kept() {
			const [agents, applied] = await Promise.all([listed(join(state, 'agents')), listed(join(state, 'applied'))])
			const repositories = applied.filter((entry) => entry.endsWith('.git')).map((entry) => entry.slice(0, -'.git'.length))
			return [...new Set([...agents, ...repositories])].filter(isAgentName).sort()
		},
	}
}

/** Repositories of proposals where the manager finds them; a link in the place of one is left out. */
async function proposals(state: string): Promise<Mount[]> {
	const found: Mount[] = []
	for (const name of (await listed(join(state, 'agents'))).filter(isAgentName).sort()) {
		const host = join(state, 'agents', name, 'config')
		const isFolder = await lstat(host).then((stat) => stat.isDirectory(), ignoreMissing)
		if (isFolder === true) found.push({ host, guest: `/agents/${name}/config` })
	}
	return found
}

/** Reserved names have the form too: the manager has folders like everybody. */
function checkForm(name: string): void {
	if (!isAgentName(name)) throw new MseError('malformed', `invalid agent name ${JSON.stringify(name)}`, { code: 'invalid_name' })
}

/** Makes the folder one level at a time, so that no link leads out of the root, and sets the mode of the last. */
async function make(root: string, folder: string, mode: number): Promise<string> {
	await mkdir(root, { recursive: true, mode: RUN_DIR })
	let level = root
	for (const segment of relative(root, folder).split('/')) {
		level = join(level, segment)
		await mkdir(level, { mode: PASSAGE }).catch(ignoreExisting)
		if (!(await lstat(level)).isDirectory()) throw strange(level)
	}
	await chmod(folder, mode)
	return folder
}

/** Deletes what is there, itself and not what a link leads to. */
async function remove(root: string, path: string): Promise<void> {
	const [realRoot, parent] = await Promise.all([realPathOf(root), realPathOf(dirname(path))])
	if (realRoot === null || parent === null) return
	if (parent !== join(realRoot, relative(root, dirname(path)))) throw strange(dirname(path))
	await rm(path, { recursive: true, force: true })
}

async function give(path: string, uid: number | null): Promise<void> {
	if (uid !== null) await lchown(path, uid, uid)
}

function strange(path: string): MseError {
	return new MseError('unavailable', `${path} is no folder of its own but leads elsewhere`, {
		code: 'strange_folder',
		hint: 'Somebody put a link or a file there; remove it by hand.',
	})
}

async function listed(folder: string): Promise<string[]> {
	return readdir(folder).catch((error) => {
		ignoreMissing(error)
		return []
	})
}

function ignoreExisting(error: unknown): void {
	if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
}

function ignoreMissing(error: unknown): void {
	if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}
