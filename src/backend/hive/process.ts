import { join } from 'node:path'
import type { Cage, CagedAgent, CageState } from '../../core/hive/cage.ts'
import type { Clock } from '../../kernel/clock.ts'
import { MseError } from '../../kernel/error.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { type DetachedChild, spawnDetached } from '../process/detached.ts'
import { type Environment, inheritedVariables } from '../process/environment.ts'
import { type ProcessRow, readBootId, readProcess, readVariable } from '../process/process-table.ts'
import { endTree } from '../process/tree.ts'
import { type Confinement, confined, type Tools } from './confinement.ts'
import { agentVariables, CAGE_KEY, GUEST } from './environment.ts'
import { cutLog, rotateLog, tailLog } from './log-file.ts'
import type { RunProgram } from './program.ts'

export interface ProcessCageOptions {
	/** Names this hive among others on the machine; the same in every life of the server. */
	readonly owner: string
	readonly clock: Clock
	/** The server's own environment. */
	readonly environment: Environment
	/** Further names that agents may inherit. */
	readonly inherit?: readonly string[]
	readonly sandbox: Confinement
	readonly tools: Tools
	readonly run: RunProgram
}

/** The program of an agent that runs, by what tells it from every other process of the machine. */
interface Held {
	readonly pid: number
	readonly startedAt: string
	readonly boot: string
	/** Where this life of the server started it. */
	readonly child?: DetachedChild
	/** Nothing of it is left: its pid may be anybody's by now. */
	readonly isOver?: true
}

const LOG_FILE = 'harness.log'
const LONGEST_NAME = 63

/** Agents as plain processes of this machine, each the leader of a session of its own. Everything that outlives the server is found by its mark. */
export function processCage(options: ProcessCageOptions): Cage {
	const { owner, tools, sandbox } = options
	const held = heldPrograms(options)
	const logOf = (agent: CagedAgent): string => join(agent.home.logs, LOG_FILE)
	const environment = (agent: CagedAgent) => ({ ...environmentOf(agent, options), [CAGE_KEY]: keyOf(owner, agent.name) })
	return {
		id: 'process',
		maxNameLength: LONGEST_NAME,
		async probe() {
			if (sandbox === 'none') return { available: true, detail: 'programs run as processes of this machine', isolates: false }
			const found = tools.find('bwrap') !== null
			return { available: found, detail: found ? 'programs run in bwrap' : 'sandbox is "bwrap" and there is no bwrap', isolates: found }
		},
		async check(agent) {
			confined(agent, options)
		},
		create: async () => {},
		async start(agent) {
			const { name, home, uid } = agent
			await held.end(name, 0)
			held.drop(name)
			await rotateLog(logOf(agent))
			const { argv, cwd } = confined(agent, options)
			const child = spawnDetached({ argv, cwd: cwd ?? home.state, env: environment(agent), logFile: logOf(agent), uid })
			return held.take(name, child)
		},
		async stop(name, graceMs) {
			await held.end(name, graceMs)
			return held.state(name)
		},
		async remove(name) {
			held.drop(name)
		},
		inspect: held.state,
		async adopt(name, handle) {
			held.adopt(name, handle)
			return held.state(name)
		},
		logs: (agent, tail) => tailLog(logOf(agent), tail),
		async exec(agent, argv) {
			const { argv: whole, cwd } = confined({ ...agent, argv }, options)
			const env = environment(agent)
			const { exitCode, stdout, stderr } = await options.run(whole, { env, cwd: cwd ?? agent.home.state })
			return { exitCode, output: stdout + stderr }
		},
		tend: (agent) => cutLog(logOf(agent)),
	}
}

/** What runs in this life of the server, and what an earlier one left. */
function heldPrograms({ owner, clock }: ProcessCageOptions) {
	const held = new Map<string, Held>()
	const boot = readBootId()
	return {
		take(name: string, child: DetachedChild) {
			const one = { pid: child.pid, startedAt: readProcess(child.pid)?.startedAt ?? '', boot }
			held.set(name, { ...one, child })
			return one
		},
		adopt(name: string, handle: JsonObject): void {
			const one = parseHandle(handle)
			// What became of the session of a program that nobody watched cannot be told; the mark finds what is left of it.
			if (one && isAlive(one, boot)) held.set(name, one)
		},
		drop: (name: string) => void held.delete(name),
		async state(name: string): Promise<CageState> {
			const one = held.get(name)
			if (one === undefined) return { exists: false, running: false }
			if (isAlive(one, boot)) return { exists: true, running: true }
			// It is gone for the kernel already, and in a moment for us too.
			await one.child?.exited
			const exitCode = one.child?.exitCode ?? undefined
			return { exists: true, running: false, ...(exitCode !== undefined && { exitCode }) }
		},
		async end(name: string, killGraceMs: number): Promise<void> {
			const one = held.get(name)
			const isOurs = (row: ProcessRow): boolean =>
				readVariable(row.pid, CAGE_KEY) === keyOf(owner, name) || (one !== undefined && one.isOver !== true && isOf(one, row))
			const { stuck } = await endTree(isOurs, { clock, killGraceMs })
			if (stuck.length > 0) throw stuckError(name, stuck)
			await one?.child?.exited
			if (one) held.set(name, { ...one, isOver: true })
		},
	}
}

const keyOf = (owner: string, name: string): string => `${owner}:${name}`

function stuckError(name: string, pids: readonly number[]): MseError {
	return new MseError('unavailable', `processes ${pids.join(', ')} of agent ${JSON.stringify(name)} cannot be ended`, {
		code: 'agent_stuck',
		hint: 'End them by hand, then try again.',
	})
}

function environmentOf(agent: CagedAgent, { environment, inherit = [], sandbox }: ProcessCageOptions): Record<string, string> {
	const { socket, state, creds } = agent.home
	const own = agentVariables(agent, sandbox === 'bwrap' ? GUEST : { socket, state, creds })
	const inherited = inheritedVariables({ environment, inherit, baseUrl: () => undefined })
	// The home of the server's user is closed to another one.
	const home = agent.uid === null ? {} : { HOME: own.HIVE_STATE_DIR ?? state, USER: agent.name, LOGNAME: agent.name }
	return { ...inherited, ...home, ...own }
}

const isSame = (one: Held, row: ProcessRow): boolean => row.pid === one.pid && row.startedAt === one.startedAt

/** A machine that was started anew gives out the same pids again. */
function isAlive(one: Held, boot: string): boolean {
	const row = one.boot === boot ? readProcess(one.pid) : undefined
	return row !== undefined && isSame(one, row)
}

/** The program, and what is left of its session: a pid is not given out again while a session bears it. */
function isOf(one: Held, row: ProcessRow): boolean {
	if (isSame(one, row)) return true
	if (row.session !== one.pid || row.pid === one.pid) return false
	const leader = readProcess(one.pid)
	return leader === undefined || isSame(one, leader)
}

function parseHandle({ pid, startedAt, boot }: JsonObject): Held | undefined {
	if (typeof pid !== 'number' || typeof startedAt !== 'string' || typeof boot !== 'string') return undefined
	return { pid, startedAt, boot }
}
