import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** A live process; one that has ended and only waits to be reaped is not listed. */
export interface ProcessRow {
	readonly pid: number
	readonly parent: number
	readonly group: number
	readonly session: number
	/** Tells two processes of one pid apart; opaque. */
	readonly startedAt: string
}

/** Whether `readVariable` can tell anything here; where it cannot (macOS), a `ChildList` stands in. */
export function canReadVariables(): boolean {
	return existsSync('/proc/self/environ')
}

/** Every live process of the machine that can be seen. */
export function readProcesses(): ProcessRow[] {
	return existsSync('/proc/self/stat') ? fromProc() : fromPs()
}

/** One live process; undefined when there is none of that pid. */
export function readProcess(pid: number): ProcessRow | undefined {
	return existsSync('/proc/self/stat') ? parseStat(readOrEmpty(`/proc/${pid}/stat`)) : fromPs().find((row) => row.pid === pid)
}

/** Names the time since the machine was last started, within which a pid and its start time mean one process; empty where nothing tells. */
export function readBootId(): string {
	return readOrEmpty('/proc/sys/kernel/random/boot_id').trim()
}

/** A variable of the environment a process was started with; undefined when it has none, has ended, or belongs to somebody else. */
export function readVariable(pid: number, name: string): string | undefined {
	const environ = `\0${readOrEmpty(`/proc/${pid}/environ`)}`
	const at = environ.indexOf(`\0${name}=`)
	if (at < 0) return undefined
	const begin = at + name.length + 2
	const end = environ.indexOf('\0', begin)
	return environ.slice(begin, end < 0 ? undefined : end)
}

function fromProc(): ProcessRow[] {
	const rows: ProcessRow[] = []
	for (const entry of readdirSync('/proc')) {
		const row = /^\d+$/.test(entry) ? parseStat(readOrEmpty(`/proc/${entry}/stat`)) : undefined
		if (row) rows.push(row)
	}
	return rows
}

/** Where the start time is, counted from the state. */
const STARTED_AT = 19

/** `pid (name) state parent group session …`; the name may hold spaces and parentheses. */
function parseStat(stat: string): ProcessRow | undefined {
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
	const [state, parent, group, session] = fields
	if (!state || isDead(state)) return undefined
	const startedAt = fields[STARTED_AT] ?? ''
	return { pid: Number.parseInt(stat, 10), parent: Number(parent), group: Number(group), session: Number(session), startedAt }
}

/** Where there is no /proc (macOS). A session there is taken to be the group: `ps` shows no usable one. */
function fromPs(): ProcessRow[] {
	const { stdout } = Bun.spawnSync(['ps', '-A', '-o', 'pid=,ppid=,pgid=,stat=,lstart='], { stdin: 'ignore', stderr: 'ignore' })
	return stdout.toString().split('\n').flatMap(parsePsLine)
}

function parsePsLine(line: string): ProcessRow[] {
	const [pid, parent, group, state, ...startedAt] = line.trim().split(/\s+/)
	if (!state || isDead(state)) return []
	return [{ pid: Number(pid), parent: Number(parent), group: Number(group), session: Number(group), startedAt: startedAt.join(' ') }]
}

const isDead = (state: string): boolean => /^[ZX]/i.test(state)

/** A process may end between being listed and being read. */
function readOrEmpty(path: string): string {
	try {
		return readFileSync(path, 'latin1')
	} catch {
		return ''
	}
}
