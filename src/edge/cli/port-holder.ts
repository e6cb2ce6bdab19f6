import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'

const LISTENING = '0A'

/** Who listens on a TCP port of this machine, e.g. `process 4711 (mse-server)`. Null where there is no /proc or it is somebody else's. */
export function portHolder(port: number): string | null {
	const inodes = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => listeningInodes(path, port))
	const links = inodes.map((inode) => `socket:[${inode}]`)
	const pid = processIds().find((id) => openLinks(id).some((link) => links.includes(link)))
	return pid === undefined ? null : `process ${pid} (${programOf(pid)})`
}

/** Columns: sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode. Addresses are `HEX:HEXPORT`. */
function listeningInodes(path: string, port: number): string[] {
	const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
	const rows = readOr(path)
		.split('\n')
		.map((line) => line.trim().split(/\s+/))
	return rows.filter((row) => row[1]?.endsWith(suffix) && row[3] === LISTENING).flatMap((row) => row[9] ?? [])
}

function processIds(): string[] {
	return listOr('/proc').filter((name) => /^\d+$/.test(name))
}

function openLinks(pid: string): string[] {
	return listOr(`/proc/${pid}/fd`).map((fd) => unless(() => readlinkSync(`/proc/${pid}/fd/${fd}`), ''))
}

function programOf(pid: string): string {
	const [program = ''] = readOr(`/proc/${pid}/cmdline`).split('\0')
	return basename(program) || readOr(`/proc/${pid}/comm`).trim()
}

// Processes come and go while they are looked at, and some are not ours to read.
const readOr = (path: string): string => unless(() => readFileSync(path, 'utf8'), '')
const listOr = (path: string): string[] => unless(() => readdirSync(path), [])

function unless<T>(read: () => T, otherwise: T): T {
	try {
		return read()
	} catch {
		return otherwise
	}
}
