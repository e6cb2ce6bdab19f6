import { join } from 'node:path'
import { newChildSlots } from '../../../src/backend/process/child-slots.ts'
import { loadConfig } from '../../../src/config.ts'
import { ApprovalGate } from '../../../src/core/approval/gate.ts'
import { hivePaths } from '../../../src/core/hive/hive-path.ts'
import { hiveProbes } from '../../../src/engine/hive/doctor.ts'
import { openHive } from '../../../src/engine/hive/hive.ts'
import { openStores } from '../../../src/engine/stores.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import type { ApprovalKind } from '../../../src/protocol/approval.ts'
import type { HiveApproval } from '../../../src/protocol/hive.ts'
import { openDataDir } from '../../../src/store/data-dir.ts'
import { connectTo, type LineClient } from '../../edge/socket/line-client.ts'
import { tempDir } from '../../support/temp-dir.ts'

interface HiveOptions {
	/** A folder that outlives the world. */
	readonly dir?: string
	/** Of `serve`, and of the file: `[hive.defaults]` and its kin. */
	readonly flags?: Readonly<Record<string, string>>
	readonly file?: string
	readonly maxPending?: number
	readonly waitMs?: number
}

/** What agents run unless told otherwise. */
const STAY = 'argv = ["sleep", "600"]'

/** One life of the hive of a server: real sockets, real processes, the real gate, and no HTTP. Its agents end with it. */
export async function hiveLife({ dir: given, flags = {}, file, maxPending = 100, waitMs = 60_000 }: HiveOptions = {}) {
	using opened = new DisposableStack()
	const dir = given ?? opened.use(tempDir()).path
	const settings = { 'hive-start-grace-ms': '20', 'hive-stop-grace-s': '1', ...flags }
	const config = loadConfig({
		flags: new Map(Object.entries({ 'hive-enabled': 'true', ...settings }).map(([name, value]) => [name, [value]])),
		env: { HOME: dir, MSE_CONFIG: 'file' },
		readFile: () => file ?? `[hive.defaults]\n${STAY}\n`,
	})
	const environment = { PATH: process.env.PATH, HOME: dir, HIVE_RUN_DIR: join(dir, 'run'), HIVE_STATE_DIR: join(dir, 'state') }
	const common = { clock: systemClock, log: silentLogger }
	const data = opened.use(openDataDir({ dir: join(dir, 'data'), clock: systemClock, pid: process.pid, address: 'none' }))
	const stores = openStores(data, {})
	const gate = new ApprovalGate({
		...{ ...common, store: stores.approvalStore, events: stores.events },
		...{ maxPending, waitMs, noSelfApproval: false, deadlineMs: null },
	})
	const hive = await openHive({
		...common,
		config,
		environment,
		opensHive: true,
		data,
		childSlots: newChildSlots(config.limits.children),
		events: stores.events,
		gate,
	})
	await hive.recover()
	await gate.recover()
	await hive.listen()
	const clients: LineClient[] = []
	const connect = async (path: string, socket: 'host' | 'agent'): Promise<LineClient> => {
		const client = await connectTo(path, socket)
		clients.push(client)
		return client
	}
	const paths = hivePaths(join(dir, 'run'))
	const host = await connect(paths.hostSocket, 'host')
	const manager = await connect(paths.managerSocket, 'agent')
	const stop = async (): Promise<void> => {
		for (const client of clients) client[Symbol.dispose]()
		await gate.stop()
		await hive.stop()
	}
	const ground = opened.move()
	return {
		...{ dir, hive, gate, data, stores, host, manager, paths, config },
		agent: (name: string) => connect(paths.agentSocket(name), 'agent'),
		pending: async () => (await host.ask({ cmd: 'pending' })).approvals as unknown as readonly HiveApproval[],
		/** Waits at the gate, and is none of the hive's business. */
		other: (kind: ApprovalKind) => gate.ask({ kind, subject: { type: 'thing', id: kind }, requester: 'ada' }),
		/** Everything that waits in the manager's inbox. */
		async told(): Promise<readonly Record<string, unknown>[]> {
			const bodies: Record<string, unknown>[] = []
			for (;;) {
				const { kind, from, body } = await manager.ask({ cmd: 'recv' })
				if (kind === 'empty') return bodies
				bodies.push({ from, ...JSON.parse(String(body)) })
			}
		},
		findings: () => Promise.all(hiveProbes(hive, config).map(async ({ name, prove }) => ({ name, ...(await prove()) }))),
		/** A clean stop; agents live on, for the next life. */
		async end() {
			await stop()
			ground.dispose()
		},
		async [Symbol.asyncDispose]() {
			for (const name of (await hive.agents?.list()) ?? []) await hive.agents?.kill(name, { by: 'the test' })
			await stop()
			ground.dispose()
		},
	}
}

export type HiveLife = Awaited<ReturnType<typeof hiveLife>>
