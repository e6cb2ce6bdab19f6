import { join } from 'node:path'
import type { Tools } from '../../../src/backend/hive/confinement.ts'
import { type ProcessCageOptions, processCage } from '../../../src/backend/hive/process.ts'
import { programRunner } from '../../../src/backend/hive/program.ts'
import { type ProcessRow, readProcesses, readVariable } from '../../../src/backend/process/process-table.ts'
import { endTree } from '../../../src/backend/process/tree.ts'
import type { Cage, CagedAgent } from '../../../src/core/hive/cage.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { agentFolders } from '../../../src/store/agent-folder.ts'
import type { OpenedCage } from '../../contract/cage.ts'
import { tempDir } from '../../support/temp-dir.ts'

export const PATH = process.env.PATH ?? '/usr/bin:/bin'
export const tools: Tools = { find: (program) => Bun.which(program, { PATH }) }
export const runProgram = programRunner({ clock: systemClock, environment: { PATH }, withinMs: 60_000 })

export interface CageWorld extends OpenedCage {
	readonly owner: string
	/** Live processes that bear the mark of this hive, of all agents or of one. */
	marked(name?: string): readonly ProcessRow[]
}

/** A cage whose agents have folders in a place of their own. Whatever they left running is ended with it. */
export async function cageWorld(make: (owner: string) => Cage): Promise<CageWorld> {
	const dir = tempDir()
	const owner = crypto.randomUUID()
	const cage = make(owner)
	const made = new Set<string>()
	const folders = agentFolders({ stateDir: join(dir.path, 'state'), runDir: join(dir.path, 'run') })
	const bears = (row: ProcessRow, name: string): boolean => readVariable(row.pid, 'HIVE_CAGE_KEY')?.startsWith(`${owner}:${name}`) ?? false
	const marked = (name = '') => readProcesses().filter((row) => bears(row, name))
	return {
		...{ cage, owner, marked },
		again: () => make(owner),
		async agent(name, script, over = {}): Promise<CagedAgent> {
			made.add(name)
			const home = await folders.prepare(name, over.uid ?? null, null)
			const run = { argv: ['sh', '-c', script], env: {}, mounts: [], limits: {}, ready: 'started', restart: 'never' } as const
			return { ...run, name, role: 'agent', uid: null, home, ...over }
		},
		async [Symbol.asyncDispose]() {
			for (const name of made) {
				await cage.stop(name, 0)
				await cage.remove(name)
			}
			await endTree((row) => bears(row, ''), { clock: systemClock, killGraceMs: 0 })
			dir[Symbol.dispose]()
		},
	}
}

export function processWorld(over: Partial<ProcessCageOptions> = {}): Promise<CageWorld> {
	const environment = { PATH, HOME: process.env.HOME, SECRET_OF_THE_SERVER: 'x', MSE_ADMIN_TOKEN: 'y' }
	return cageWorld((owner) => processCage({ owner, clock: systemClock, environment, sandbox: 'none', tools, run: runProgram, ...over }))
}
