import type { Cage, CagedAgent, CageHandle } from '../../src/core/hive/cage.ts'
import { MseError } from '../../src/kernel/error.ts'

/** What a fake cage is to do the next time; each entry is used up. */
export interface CageScript {
	/** Refuses the spec. */
	check?: string
	create?: string
	start?: string
	stop?: string
	/** It starts, and has exited with this at the first look. */
	exits?: number
}

/** A cage in memory whose programs live in a world of their own, which outlives the cage. */
export interface FakeCage extends Cage {
	/** One entry for each start to come; without one all goes well. */
	readonly script: CageScript[]
	/** What was called, in order: `start alice`. */
	readonly calls: string[]
	/** Why it cannot be used on this machine; unset: it can. */
	missing?: string
	/** What runs, by name: its pid and what it was started with. */
	readonly running: Map<string, { readonly pid: number; readonly agent: CagedAgent }>
	/** It ends by itself. */
	exit(name: string, exitCode?: number): void
	/** The same world as another life of the server sees it. */
	again(): FakeCage
}

interface World {
	nextPid: number
	readonly created: Map<string, CagedAgent>
	readonly running: FakeCage['running']
	readonly exitCodes: Map<string, number | undefined>
	readonly script: CageScript[]
	readonly calls: string[]
}

export function fakeCage(id = 'fake', world: World = newWorld()): FakeCage {
	const { created, running, exitCodes, script, calls } = world
	const fail = (why: string | undefined): void => {
		if (why === undefined) return
		script.shift()
		throw new MseError('unavailable', why)
	}
	const state = (name: string) => {
		const exitCode = exitCodes.get(name)
		return { exists: created.has(name), running: running.has(name), ...(exitCode !== undefined && { exitCode }) }
	}
	const cage: FakeCage = {
		...{ id, maxNameLength: 20, script, calls, running },
		probe: async () => ({ available: cage.missing === undefined, detail: cage.missing ?? 'fake', isolates: true }),
		async check() {
			fail(script[0]?.check)
		},
		async create(agent) {
			calls.push(`create ${agent.name}`)
			fail(script[0]?.create)
			created.set(agent.name, agent)
		},
		async start(agent): Promise<CageHandle> {
			const { name } = agent
			calls.push(`start ${name}`)
			fail(script[0]?.start)
			const pid = world.nextPid++
			running.set(name, { pid, agent })
			exitCodes.delete(name)
			const exits = script.shift()?.exits
			if (exits !== undefined) {
				running.delete(name)
				exitCodes.set(name, exits)
			}
			return { pid }
		},
		async stop(name) {
			calls.push(`stop ${name}`)
			fail(script[0]?.stop)
			running.delete(name)
			return state(name)
		},
		async remove(name) {
			calls.push(`remove ${name}`)
			created.delete(name)
			exitCodes.delete(name)
		},
		inspect: async (name) => state(name),
		adopt: async (name, { pid }) => (running.get(name)?.pid === pid ? state(name) : { exists: false, running: false }),
		logs: async () => 'last words',
		exec: async (_agent, argv) => ({ exitCode: 0, output: argv.join(' ') }),
		exit(name, exitCode) {
			running.delete(name)
			exitCodes.set(name, exitCode)
		},
		again: () => fakeCage(id, world),
	}
	return cage
}

function newWorld(): World {
	return { nextPid: 100, created: new Map(), running: new Map(), exitCodes: new Map(), script: [], calls: [] }
}
