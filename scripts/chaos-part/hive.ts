import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readVariable } from '../../src/backend/process/process-table.ts'
import { endTree } from '../../src/backend/process/tree.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { AGENT_FAULT_NAMES, type FaultName } from '../../src/kernel/fault.ts'
import { seededRandom } from '../../test/e2e/support/random.ts'
import { startTestServer, type TestServer } from '../../test/e2e/support/server.ts'
import { connectTo } from '../../test/edge/socket/line-client.ts'
import { checkHive, type HiveCheck } from './hive-check.ts'
import { type HiveHistory, keepCommanding, keepReceiving, keepSending, newHistory } from './hive-load.ts'

export interface HiveChaosOptions {
	readonly kills: number
	readonly seed: number
	readonly binary?: string
	say?(text: string): void
}

export interface HiveReport extends HiveCheck {
	readonly seed: number
	readonly kills: number
	/** How many of the kills came at a named point of the code. */
	readonly planned: number
	readonly acknowledged: number
	readonly received: number
	readonly commands: number
	readonly secs: number
}

/** They write to one another all the time, and nobody ends them. */
const PEERS = ['manager', 'ant', 'bee']
/** They come and go. */
const FLEETING = ['fly-1', 'fly-2', 'fly-3']
const POINTS: readonly FaultName[] = [
	...(['commit.before_begin', 'commit.before_commit', 'commit.after_commit', 'commit.told'] as const),
	...AGENT_FAULT_NAMES,
	...(['approval.after_claim', 'approval.before_end', 'approval.after_end'] as const),
]
const LONGEST_LIFE_MS = 700
const PATIENCE_MS = 1500
const OFTEN = 60
const TELL_EACH = 50
const CONFIG = '[hive]\nstart_grace_ms = 20\nstop_grace_s = 1\n[hive.defaults]\nargv = ["sleep", "100000"]\n'

/** Kills a server again and again while clients send and receive on the sockets of its hive, and agents come and go. */
export async function runHiveChaos({ kills, seed, binary, say = () => {} }: HiveChaosOptions): Promise<HiveReport> {
	const started = performance.now()
	const place = mkdtempSync(join(tmpdir(), 'mse-hive-chaos-'))
	const [runDir, stateDir, dataDir] = [join(place, 'run'), join(place, 'state'), join(place, 'data')]
	const isOurs = ({ pid }: { readonly pid: number }): boolean => readVariable(pid, 'HIVE_STATE_DIR')?.startsWith(place) ?? false
	try {
		const env = { HIVE_RUN_DIR: runDir, HIVE_STATE_DIR: stateDir }
		await using server = await startTestServer({ config: CONFIG, args: ['--log-level', 'error'], env, dataDir, ...(binary && { binary }) })
		for (const name of PEERS.slice(1)) await spawn(join(runDir, 'host.sock'), name)
		const random = seededRandom(seed)
		const history = newHistory()
		let planned = 0
		await underLoad({ runDir, history, random }, async () => {
			for (let kill = 0; kill < kills; kill++) {
				if (await oneLife(server, random, kill)) planned++
				if ((kill + 1) % TELL_EACH === 0) say(`${kill + 1} kills, ${((performance.now() - started) / 1000).toFixed(0)} s`)
			}
			await server.restart()
		})
		await server.kill('SIGKILL')
		const { sent, received, commands } = history
		const acknowledged = sent.filter((each) => each.acknowledged).length
		const secs = (performance.now() - started) / 1000
		return { seed, kills, planned, acknowledged, received: received.length, commands, secs, ...checkHive(history, dataDir, place) }
	} finally {
		await endTree(isOurs, { clock: systemClock, killGraceMs: 0 })
		rmSync(place, { recursive: true, force: true })
	}
}

async function spawn(path: string, name: string): Promise<void> {
	using client = await connectTo(path, 'host')
	const answer = await client.ask({ cmd: 'spawn', name })
	if (answer?.ok !== true) throw new Error(`${name} does not start: ${JSON.stringify(answer)}`)
}

interface UnderLoad {
	readonly runDir: string
	readonly history: HiveHistory
	random(): number
}

/** Clients are there for as long as `work` takes; receivers, until the inboxes are empty. */
async function underLoad({ runDir, history, random }: UnderLoad, work: () => Promise<void>): Promise<void> {
	const [left, sent] = [new AbortController(), new AbortController()]
	const options = (path: string) => ({
		...{ path, history, left: left.signal, sent: sent.signal, peers: PEERS, names: FLEETING },
		random: seededRandom(Math.floor(random() * 2 ** 32)),
	})
	const socketOf = (name: string): string => join(runDir, name === 'manager' ? name : join('agents', name), 'mcp.sock')
	const giving = [
		...PEERS.map((name) => keepSending({ ...options(socketOf(name)), name })),
		keepCommanding(options(join(runDir, 'host.sock'))),
	]
	const taking = PEERS.map((name) => keepReceiving({ ...options(socketOf(name)), name }))
	const failed = Promise.all([...giving, ...taking]).then(() => {})
	await Promise.race([work(), failed])
	left.abort()
	await Promise.all(giving)
	sent.abort()
	await failed
}

/** One life of the server, from its start to its end; true when it died at a named point. */
async function oneLife(server: TestServer, random: () => number, kill: number): Promise<boolean> {
	if (kill % 2 === 0) {
		await server.restart()
		await Bun.sleep(random() * LONGEST_LIFE_MS)
		await server.kill('SIGKILL')
		return false
	}
	const point = POINTS[((kill - 1) / 2) % POINTS.length] ?? 'commit.before_commit'
	const count = 1 + Math.floor(random() * (point.startsWith('commit.') ? OFTEN : 2))
	const listens = await server.restartDoomed({ MSE_FAULT: `${point}:${count}` })
	const reached = !listens || (await Promise.race([server.ended.then(() => true), Bun.sleep(PATIENCE_MS).then(() => false)]))
	await server.kill('SIGKILL')
	return reached
}

const MEANING: Readonly<Record<HiveReport['faults'][number]['name'], string>> = {
	lost: 'acknowledged messages lost',
	twice: 'messages received twice',
	order: 'messages out of order',
	agent: 'agents that are not what they should be',
	approval: 'approvals that are half done, or not told once',
	answer: 'answers that cannot be',
}
const TOLD = 20

export function hiveReportText(report: HiveReport): string {
	const { seed, kills, secs, planned, acknowledged, received, commands, messages, approvals, inFlight, faults } = report
	return [
		`seed ${seed}`,
		`${kills} kills in ${secs.toFixed(0)} s, ${planned} of them at named points`,
		`${acknowledged} acknowledged sends, ${messages} messages, ${received} received, ${commands} commands, ${approvals} approvals`,
		`${inFlight} messages were on their way to a client when the server died`,
		...faults.map(({ name, found }) => `${found.length} ${MEANING[name]}`),
		...faults.flatMap(({ name, found }) => found.slice(0, TOLD).map((sentence) => `  ${name}: ${sentence}`)),
	].join('\n')
}
