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
import { type Holder, lockHiveDir } from '../../store/sqlite/instance-lock.ts'
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

/** The two directories of a hive, ours alone, with what goes on in them. */
export interface HiveClaim {
	readonly sockets: HiveSockets
	/** What is done there from time to time. */
	jobs(): readonly JobReport[]
	/** Requests under way are answered first. */
	release(): Promise<void>
}

/** Takes the directories; throws what is in the way, such as another hive. Nothing is open yet. */
export async function claimHive(
	{ config, clock, log, data, face, faces, messages, heard }: ClaimDeps,
	folders: { readonly runDir: string; readonly stateDir: string },
): Promise<HiveClaim> {
	const { runDir } = folders
	const { hostSocket, managerSocket } = hivePaths(runDir)
	for (const path of [managerSocket, hostSocket]) refuseLongPath(path)
	const locks = lockBoth(folders, { pid: process.pid, address: data.dir ?? 'in memory' })
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
				locks.dispose()
			},
		}
	} catch (error) {
		locks.dispose()
		throw error
	}
}

/** Sockets would be taken from each other in the one, and agents of one name have the same folders in the other. */
function lockBoth({ runDir, stateDir }: { readonly runDir: string; readonly stateDir: string }, holder: Holder): DisposableStack {
	using locks = new DisposableStack()
	const lock = (dir: string, key: 'hive.run_dir' | 'hive.state_dir'): void => {
		makePassableDir(dir)
		locks.adopt(lockHiveDir(dir, key, holder), (held) => held.release())
	}
	lock(runDir, 'hive.run_dir')
	if (stateDir !== runDir) lock(stateDir, 'hive.state_dir')
	return locks.move()
}
