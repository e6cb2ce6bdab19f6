import type { HiveBridge } from '../../core/hive/bridge.ts'
import type { HiveAgentFace } from '../../core/hive/hive.ts'
import { hivePaths } from '../../core/hive/hive-path.ts'
import type { MessageStore } from '../../core/hive/message-store.ts'
import { startMessageVacuum } from '../../core/hive/vacuum.ts'
import { clearPath, refuseLongPath } from '../../edge/socket/bind.ts'
import { type HiveSockets, newHiveSockets } from '../../edge/socket/hive-sockets.ts'
import { makePassableDir } from '../../edge/socket/run-dir.ts'
import type { JobReport } from '../../kernel/periodic-job.ts'
import type { DataDir } from '../../store/data-dir.ts'
import { lockRunDir } from '../../store/sqlite/instance-lock.ts'
import type { EngineOptions } from '../option.ts'
import { groupId } from './folder.ts'

interface ClaimDeps extends Pick<EngineOptions, 'config' | 'clock' | 'log'> {
	readonly data: DataDir
	readonly face: HiveAgentFace
	readonly messages: MessageStore
	/** What agents find on their sockets besides. */
	readonly faces?: () => { readonly bridge: HiveBridge }
	/** Told of every request on the socket of an agent. */
	heard(name: string): void
}

/** The run directory, ours alone, with what goes on in it. */
export interface HiveClaim {
	readonly sockets: HiveSockets
	/** What is done there from time to time. */
	jobs(): readonly JobReport[]
	/** Requests under way are answered first. */
	release(): Promise<void>
}

/** Takes the run directory; throws what is in the way, such as another hive. Nothing is open yet. */
export async function claimRunDir(
	{ config, clock, log, data, face, faces, messages, heard }: ClaimDeps,
	runDir: string,
): Promise<HiveClaim> {
	const { hostSocket, managerSocket } = hivePaths(runDir)
	for (const path of [managerSocket, hostSocket]) refuseLongPath(path)
	makePassableDir(runDir)
	const lock = lockRunDir(runDir, { pid: process.pid, address: data.dir ?? 'in memory' })
	try {
		await clearPath(hostSocket)
		const { adminGroup, maxLineBytes, wireVersion } = config.hive
		const adminGid = adminGroup === null ? undefined : groupId(adminGroup)
		const bridge = (): HiveBridge | undefined => faces?.().bridge
		const sockets = newHiveSockets({ runDir, face, bridge, clock, log, maxLineBytes, wireVersion, adminGid, heard })
		const vacuum = startMessageVacuum({ messages, clock, log })
		return {
			sockets,
			jobs: () => [vacuum.report()],
			async release() {
				vacuum[Symbol.dispose]()
				await Promise.all([sockets.stop(), vacuum.idle()])
				lock.release()
			},
		}
	} catch (error) {
		lock.release()
		throw error
	}
}
