import { Type } from '@sinclair/typebox'
import { MseError, messageOf } from '../../../kernel/error.ts'
import { VERSION } from '../../../kernel/version.ts'
import type { Status } from '../../../protocol/health.ts'
import { type MseClient, pathId } from '../../client/client.ts'
import { ends, looks, moves, ownTool, swarmTool } from '../tool.ts'

const Bind = Type.Optional(Type.String({ description: 'host:port of another server' }))
const Force = Type.Optional(Type.Boolean({ description: 'although runs go on or operators are there (default false)' }))
const START = 'Start it where it shall run: `mse-server serve`, or the service that keeps it there (systemctl --user start mse-server).'
const STOP =
	'Stop it where it runs: `systemctl --user stop mse-server`, or SIGTERM to its process. Unfinished runs go on at the next start.'

const doctorTool = swarmTool({
	name: 'mse_doctor',
	description:
		'Say how this client and the server are: addresses, versions, Blueprints, the runs launched from here. probe: prove what the server can do.',
	input: Type.Object({
		bind: Bind,
		probe: Type.Optional(Type.Boolean({ description: 'try every capability, which takes a moment (default false)' })),
	}),
	hints: looks,
	async run({ bind, probe = false }, call) {
		const client = call.server(bind)
		const server = await upOrNot(client, async () => ({ doctor: await client.answer(client.v1.doctor.get({ query: { probe } })) }))
		const runs = server.up ? await Promise.all(call.launched.all.slice(-MOST_RUNS).map(([id]) => brief(client, id))) : []
		return {
			mse_mcp: {
				...{
					version: VERSION,
					in_process_blueprint_store: 'none',
					in_flight_run_count: 0,
					note: 'Nothing runs in this process: runs are durable on the server.',
				},
				sessions: call.desk.all,
				launched_runs: call.launched.all.length,
			},
			mlua_swarm_server: { bind: client.url, ...server },
			runs,
		}
	},
})

const statusTool = swarmTool({
	name: 'mlua_swarm_server_status',
	description: 'Say whether the server is up, takes work, and what goes on there.',
	input: Type.Object({ bind: Bind }),
	hints: looks,
	async run({ bind }, call) {
		const client = call.server(bind)
		return { bind: client.url, ...(await upOrNot(client, () => load(client))) }
	},
})

const startTool = swarmTool({
	name: 'mlua_swarm_server_start',
	description: 'Say whether the server is up and, when not, how to start it. It is not started from here.',
	input: Type.Object({ bind: Bind }),
	hints: looks,
	async run({ bind }, call) {
		const client = call.server(bind)
		const { up } = await upOrNot(client, async () => ({}))
		return up ? { status: 'already_running', bind: client.url } : { status: 'not_running', bind: client.url, how: START }
	},
})

const stopping = (name: string, verb: 'shutdown' | 'restart', how: string) =>
	swarmTool({
		name,
		description: `Say whether the server can be ${verb === 'shutdown' ? 'stopped' : 'restarted'} without disturbing anybody, and how. It is not done from here.`,
		input: Type.Object({ bind: Bind, force: Force }),
		hints: looks,
		run: async ({ bind, force = false }, call) => toStopAdvice(call.server(bind), force, how),
	})

const pauseTool = ownTool({
	name: 'mse_server_pause',
	description:
		'Stop everything from going on: no step of any run begins until mse_server_resume, across restarts. What is under way is finished.',
	input: Type.Object({ reason: Type.Optional(Type.String({ maxLength: 1000 })) }),
	hints: ends,
	async run({ reason }, call) {
		const client = call.server()
		return client.answer(client.v1.server.pause.post(reason === undefined ? {} : { reason }))
	},
})

const resumeTool = ownTool({
	name: 'mse_server_resume',
	description: 'Let the steps of all runs begin again.',
	input: Type.Object({}),
	hints: moves,
	async run(_, call) {
		const client = call.server()
		await client.answer(client.v1.server.resume.post())
		return { paused: false }
	},
})

export const serverTools = [
	doctorTool,
	statusTool,
	startTool,
	stopping('mlua_swarm_server_shutdown', 'shutdown', STOP),
	stopping('mlua_swarm_server_restart', 'restart', `${STOP} ${START}`),
	pauseTool,
	resumeTool,
]

const MOST_RUNS = 20

async function load(client: MseClient) {
	const { running_runs, attached_operators, paused } = await client.answer(client.v1.status.get())
	const { ready, reasons } = await readiness(client)
	return { ready, ...(reasons.length > 0 && { reasons }), running_runs, attached_operators, ...(paused && { paused }) }
}

/** A server that takes no work says so with 503, and why. */
async function readiness(client: MseClient) {
	const { data, error } = await client.v1.readyz.get()
	if (data) return data
	const { ready = false, reasons = ['it does not say'] } = (error?.value ?? {}) as { readonly ready?: boolean; readonly reasons?: string[] }
	return { ready, reasons }
}

/** Asks for more only when somebody answers; what the server refuses to say is said too. */
async function upOrNot<T extends object>(client: MseClient, more: () => Promise<T>) {
	try {
		await client.answer(client.v1.healthz.get())
	} catch (thrown) {
		if (thrown instanceof MseError && thrown.code === 'unreachable') return { up: false as const, how: START }
		throw thrown
	}
	return { up: true as const, ...(await more().catch((thrown) => ({ error: messageOf(thrown) }))) }
}

async function toStopAdvice(client: MseClient, force: boolean, how: string) {
	const found = await upOrNot(client, () => client.answer(client.v1.status.get()))
	if (!found.up) return { bind: client.url, stopped: true, note: 'It is not running.' }
	const { running_runs = 0, attached_operators = 0 } = found as Partial<Status>
	const refused = !force && (running_runs > 0 || attached_operators > 0)
	return { bind: client.url, stopped: false, refused, running_runs, attached_operators, how }
}

async function brief(client: MseClient, id: string) {
	try {
		const { status, phase, degradations = [] } = await client.answer(client.v1.runs(pathId(id)).get())
		return { run_id: id, status, phase, degradations: degradations.length }
	} catch (thrown) {
		return { run_id: id, error: messageOf(thrown) }
	}
}
