import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { isJsonObject, type Json, parseJson } from '../../kernel/json.ts'
import { type ProcessRow, readProcesses } from './process-table.ts'

/** The children that run, in a file that outlives the server. Needed only where a child's marker cannot be read. */
export interface ChildList {
	/** Notes a child that was just started. The returned function strikes it out. */
	add(pid: number): () => void
	/** Whether an earlier life of the server noted this very process and did not strike it out. */
	has(row: ProcessRow): boolean
}

/** Opens the list in the data directory. What an earlier life noted is kept in mind until this one ends. */
export function openChildList(file: string): ChildList {
	const earlier = new Set(readList(file).map(idOf))
	const running = new Map<number, string>()
	const write = (): void => {
		writeFileSync(`${file}.new`, JSON.stringify([...running].map(([pid, startedAt]) => ({ pid, startedAt }))))
		renameSync(`${file}.new`, file)
	}
	return {
		add(pid) {
			running.set(pid, readProcesses().find((row) => row.pid === pid)?.startedAt ?? '')
			write()
			return () => {
				running.delete(pid)
				write()
			}
		},
		has: (row) => earlier.has(idOf(row)),
	}
}

type Noted = Pick<ProcessRow, 'pid' | 'startedAt'>

const idOf = ({ pid, startedAt }: Noted): string => `${pid} ${startedAt}`

function readList(file: string): Noted[] {
	const list = existsSync(file) ? parseJson(readFileSync(file, 'utf8')) : []
	return Array.isArray(list) ? list.filter(isNoted) : []
}

function isNoted(entry: Json): entry is { readonly pid: number; readonly startedAt: string } {
	return isJsonObject(entry) && typeof entry.pid === 'number' && typeof entry.startedAt === 'string'
}
