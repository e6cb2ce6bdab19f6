import { sleep } from '../../kernel/clock.ts'
import { MseError, messageOf } from '../../kernel/error.ts'
import { type AgentDeps, cageOf } from './agent-deps.ts'
import type { AgentHome } from './agent-folder.ts'
import { MANAGER } from './agent-name.ts'
import type { AgentEvent, AgentRecord } from './agent-store.ts'
import type { Cage, CagedAgent, CageHandle, CageState } from './cage.ts'

/** Whether the cage is made anew or, where there is one, kept as it is. */
export type How = 'new' | 'kept'

/** Opens its socket, starts its cage and waits until the agent counts as started. Throws what went wrong, and leaves that standing. */
export async function bringUp(deps: AgentDeps, agent: AgentRecord, how: How): Promise<CageHandle> {
	const cage = cageOf(deps, agent.cage)
	const caged = await madeReady(deps, agent)
	await cage.check(caged)
	deps.calls.expect(agent.name)
	await openSocket(deps, agent)
	if (how === 'new' || !(await cage.inspect(agent.name)).exists) await cage.create(caged)
	deps.fault('agent.after_create')
	await deps.beginsAnew?.(agent.name)
	const handle = await cage.start(caged)
	deps.fault('agent.after_start')
	await untilStarted(deps, cage, caged)
	return handle
}

/** With its folders there. The manager has those of the others in its cage too, of all that there are by now. */
export async function madeReady({ folders, store }: AgentDeps, agent: AgentRecord): Promise<CagedAgent> {
	const isManager = agent.role === 'manager'
	const proposer = isManager ? agent.uid : ((await store.find(MANAGER))?.uid ?? null)
	const caged = toCaged(agent, await folders.prepare(agent.name, agent.uid, proposer))
	return isManager ? { ...caged, shown: await folders.managerMounts(agent.uid) } : caged
}

/** Ends everything in its cage and closes its socket. Resolves to the exit code, null where nobody saw it. */
export async function bringDown(deps: AgentDeps, agent: AgentRecord): Promise<number | null> {
	const { exitCode } = await cageOf(deps, agent.cage).stop(agent.name, deps.settings.stopGraceMs)
	if (agent.role === 'agent') await deps.sockets.close(agent.name)
	return exitCode ?? null
}

/** As `bringDown`, and nothing of it stays but the folders that last. */
export async function takeAway(deps: AgentDeps, agent: AgentRecord): Promise<number | null> {
	const exitCode = await bringDown(deps, agent)
	await cageOf(deps, agent.cage).remove(agent.name)
	if (agent.role === 'agent') await deps.folders.clearRuntime(agent.name)
	return exitCode
}

/**
 * Brings up a managed agent that does not run. The event is the fact that it runs; when it does not, it is `failed`, nothing of it
 * is left running, and the cause is thrown.
 */
export async function startAgent(deps: AgentDeps, agent: AgentRecord, how: How, event: AgentEvent): Promise<void> {
	const { name, state } = agent
	try {
		const handle = await bringUp(deps, agent, how)
		deps.fault('agent.before_commit')
		const running = { state: 'running', goal: 'running', handle, startedAt: deps.clock.now(), exitCode: null, failure: null } as const
		await deps.store.change(name, [state], running, event)
	} catch (error) {
		const exitCode = await bringDown(deps, agent).catch((stuck) => {
			deps.log.error('an agent that did not start cannot be ended', { agent: name, reason: messageOf(stuck) })
			return null
		})
		const reason = messageOf(error)
		const failed = { state: 'failed', goal: 'stopped', handle: null, exitCode, failure: reason } as const
		await deps.store.change(name, [state], failed, { kind: 'hive.agent_start_failed', data: { reason } })
		throw error
	}
}

export async function openSocket({ sockets, folders }: AgentDeps, { name, role, uid }: AgentRecord): Promise<void> {
	if (role === 'agent') await sockets.open(name)
	await folders.handOver(name, uid)
}

export function toCaged({ spec, name, role, uid }: Pick<AgentRecord, 'spec' | 'name' | 'role' | 'uid'>, home: AgentHome): CagedAgent {
	return { ...spec, name, role, uid, home }
}

const FIRST_LOOK_MS = 20
const LONGEST_PAUSE_MS = 200
const LOG_LINES = 5

/** It must run for the grace and, where it is to show that it is ready, make its first call. */
async function untilStarted(deps: AgentDeps, cage: Cage, agent: CagedAgent): Promise<void> {
	const { clock, settings, calls } = deps
	const began = clock.now()
	const isReady = (): boolean => agent.ready === 'started' || calls.hasCalled(agent.name)
	for (let pause = FIRST_LOOK_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
		const state = await cage.inspect(agent.name)
		const lasted = clock.now() - began
		if (!state.running) throw await didNotStay(cage, agent, state, lasted)
		const left = lasted < settings.startGraceMs ? settings.startGraceMs - lasted : settings.readyWithinMs - lasted
		if (lasted >= settings.startGraceMs && isReady()) return
		if (left <= 0) throw notReady(agent.name, settings.readyWithinMs)
		await sleep(clock, Math.min(pause, left))
	}
}

async function didNotStay(cage: Cage, agent: CagedAgent, { exitCode }: CageState, lasted: number): Promise<MseError> {
	const log = (await cage.logs(agent, LOG_LINES).catch(() => '')).trim()
	const how = exitCode === undefined ? 'ended' : `exited with ${exitCode}`
	const said = log === '' ? 'it wrote nothing' : `its log ends: ${log}`
	return new MseError('unavailable', `agent ${JSON.stringify(agent.name)} did not start: it ${how} after ${lasted} ms; ${said}`, {
		code: 'agent_did_not_start',
		hint: 'Mend what it runs (hive.defaults argv, or its config), then start it again.',
	})
}

function notReady(name: string, withinMs: number): MseError {
	return new MseError('timed_out', `agent ${JSON.stringify(name)} did not start: it made no call on its socket within ${withinMs} ms`, {
		code: 'agent_not_ready',
		hint: 'Its config says ready = "recv"; the program must connect to HIVE_SOCKET.',
	})
}
