import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Mount } from '../../core/hive/agent-spec.ts'
import type { Cage, CagedAgent, CageState } from '../../core/hive/cage.ts'
import { MseError } from '../../kernel/error.ts'
import type { Tools } from './confinement.ts'
import { agentVariables, GUEST } from './environment.ts'
import { mountsOf } from './mount.ts'
import type { ProgramResult, RunProgram } from './program.ts'

export interface NspawnOptions {
	/** Names this hive among others on the machine; its units say it in their description. */
	readonly owner: string
	readonly run: RunProgram
	readonly tools: Tools
	/** From TERM to KILL. */
	readonly stopGraceMs: number
}

const LONGEST_NAME = 61
const machineOf = (name: string): string => `h-${name}`
const unitOf = (name: string): string => `hive-${name}.service`
const descriptionOf = (owner: string, name: string): string => `agent ${name} of hive ${owner}`

/** Agents as machines of systemd-nspawn, each in a unit of its own; `image` is the root folder they run in. */
export function nspawnCage(options: NspawnOptions): Cage {
	const { owner, run, tools, stopGraceMs } = options
	const { done, find, state, stop } = units(options)
	return {
		id: 'nspawn',
		maxNameLength: LONGEST_NAME,
		async probe() {
			const missing = ['systemd-run', 'systemd-nspawn', 'systemctl'].filter((program) => tools.find(program) === null)
			if (missing.length > 0) return { available: false, detail: `there is no ${missing.join(', no ')}`, isolates: true }
			const { stdout } = await run(['systemctl', 'is-system-running'])
			const word = stdout.trim()
			const available = word === 'running' || word === 'degraded'
			return { available, detail: available ? 'systemd-nspawn' : `systemd is not in charge here (${word})`, isolates: true }
		},
		async check({ image, argv }) {
			if (image === undefined) throw refused('image is missing: the nspawn backend needs a root folder')
			if (argv.length === 0) throw refused('argv is empty: name the program that the agent is to run')
		},
		create: async () => {},
		async start(agent) {
			refuseUnknownUser(agent)
			await stop(agent.name, 0)
			await run(['systemctl', 'reset-failed', unitOf(agent.name)])
			const env = agentVariables(agent, GUEST)
			const unit = { description: descriptionOf(owner, agent.name), stopGraceMs, variables: Object.keys(env) }
			await done(startArgv(agent, unit), env)
			return { invocation: (await find(agent.name)).invocation }
		},
		async stop(name, graceMs) {
			await stop(name, graceMs)
			return state(name)
		},
		async remove(name) {
			if ((await find(name)).exists) await run(['systemctl', 'reset-failed', unitOf(name)])
		},
		inspect: (name) => state(name),
		adopt: (name, { invocation }) => state(name, invocation ?? ''),
		async logs({ name }, tail) {
			// What systemd says of the unit is not what the agent wrote.
			const match = [`_SYSTEMD_UNIT=${unitOf(name)}`, '_TRANSPORT=stdout']
			return done(['journalctl', '--quiet', '--lines', String(tail), '--output', 'cat', ...match])
		},
		async exec({ name }, argv) {
			const leader = (await done(['machinectl', 'show', machineOf(name), '--property=Leader', '--value'])).trim()
			const { exitCode, stdout, stderr } = await run(['nsenter', '--target', leader, '--all', '--', ...argv])
			return { exitCode, output: stdout + stderr }
		},
	}
}

/** Calls about units; one of that name that is not ours does not exist for us. */
function units({ owner, run }: NspawnOptions) {
	const done = async (argv: readonly string[], env?: Record<string, string>): Promise<string> =>
		checked(argv, await run(argv, env && { env }))
	const find = async (name: string): Promise<Unit> => {
		const properties = 'LoadState,ActiveState,ExecMainStatus,InvocationID,Description'
		return parseUnit(await done(['systemctl', 'show', unitOf(name), `--property=${properties}`]), descriptionOf(owner, name))
	}
	return {
		done,
		find,
		async state(name: string, invocation?: unknown): Promise<CageState> {
			const unit = await find(name)
			const exists = unit.exists && (invocation === undefined || unit.invocation === invocation)
			return { exists, running: exists && unit.running, ...(exists && !unit.running && { exitCode: unit.exitCode }) }
		},
		async stop(name: string, graceMs: number): Promise<void> {
			if (!(await find(name)).exists) return
			// A unit has one patience, which was set at its start.
			if (graceMs === 0) await run(['systemctl', 'kill', '--signal=KILL', unitOf(name)])
			await done(['systemctl', 'stop', unitOf(name)])
		},
	}
}

/** Values of variables come from the environment of the call, so that no list of processes shows them. */
export function startArgv(
	agent: CagedAgent,
	unit: { readonly description: string; readonly stopGraceMs: number; readonly variables: readonly string[] },
): readonly string[] {
	const { description, stopGraceMs, variables } = unit
	const { name, limits, uid, image = '', argv, cwd } = agent
	return [
		...['systemd-run', '--quiet', `--unit=${unitOf(name)}`, `--description=${description}`, '--property=KillMode=mixed'],
		'--property=Delegate=yes',
		`--property=TimeoutStopSec=${Math.ceil(stopGraceMs / 1000)}`,
		...(limits.cpu === undefined ? [] : [`--property=CPUQuota=${Math.round(limits.cpu * 100)}%`]),
		...(limits.memory === undefined ? [] : [`--property=MemoryMax=${limits.memory}`]),
		...(limits.pids === undefined ? [] : [`--property=TasksMax=${limits.pids}`]),
		// What it says of a start and a stop that went well would stand among the words of the agent.
		...['--setenv=SYSTEMD_LOG_LEVEL=warning', ...variables.map((variable) => `--setenv=${variable}`)],
		// In the unit itself, so that its limits hold; TERM goes to the program, which is the first process in there.
		...['--', 'systemd-nspawn', '--quiet', '--keep-unit', '--kill-signal=SIGTERM', '--link-journal=no', '--register=yes'],
		...[`--machine=${machineOf(name)}`, `--directory=${image}`],
		...(uid === null ? [] : [`--user=${uid}`]),
		...mountsOf(agent).map(bindArg),
		...variables.map((variable) => `--setenv=${variable}`),
		...[`--chdir=${cwd ?? GUEST.state}`, '--', ...argv],
	]
}

/** systemd-nspawn looks the user up in the root folder, and starts nothing when it is not there. */
function refuseUnknownUser({ uid, image = '', name }: CagedAgent): void {
	if (uid === null) return
	const file = join(image, 'etc/passwd')
	const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
	if (lines.some((line) => line.split(':')[2] === String(uid))) return
	throw new MseError('unavailable', `${file} has no user ${uid}, as which ${name} is to run.`, {
		code: 'spec_refused',
		hint: `Add the line ${name}:x:${uid}:${uid}::${GUEST.state}:/bin/sh to it, or leave hive.agent_uid_base out.`,
	})
}

function bindArg({ host, guest, ro }: Mount): string {
	const [from, to] = [host, guest].map((path) => path.replaceAll('\\', '\\\\').replaceAll(':', '\\:'))
	return `--bind${ro === true ? '-ro' : ''}=${from}:${to}`
}

interface Unit {
	readonly exists: boolean
	readonly running: boolean
	readonly exitCode: number
	readonly invocation: string
}

function parseUnit(shown: string, description: string): Unit {
	const fields = new Map(shown.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
	return {
		exists: fields.get('LoadState') === 'loaded' && fields.get('Description') === description,
		running: ['active', 'activating', 'reloading', 'deactivating'].includes(fields.get('ActiveState') ?? ''),
		exitCode: Number(fields.get('ExecMainStatus') ?? 0),
		invocation: fields.get('InvocationID') ?? '',
	}
}

function checked(argv: readonly string[], { exitCode, stdout, stderr }: ProgramResult): string {
	if (exitCode === 0) return stdout
	const said = stderr.trim().split('\n')[0] ?? ''
	throw new MseError('unavailable', `${argv[0]}: ${said || `it exited with ${exitCode}`}`, { code: 'container_failed' })
}

function refused(why: string): MseError {
	return new MseError('malformed', why, { code: 'spec_refused' })
}
