import type { Finding } from '../../core/doctor/probe.ts'
import { MseError, messageOf } from '../../kernel/error.ts'
import type { EngineOptions } from '../option.ts'
import type { HiveClaim } from './claim.ts'
import type { HiveCrew } from './crew.ts'

interface PlaceDeps extends Pick<EngineOptions, 'config' | 'log' | 'environment' | 'opensHive'> {
	/** Null keeps everything in memory. */
	readonly dir: string | null
}

/** A run directory of ours and the agents there. */
export interface OpenHive {
	readonly claim: HiveClaim
	readonly crew: HiveCrew
}

/** Where a server has its hive, or why it has none. */
export interface HivePlace {
	readonly open: OpenHive | null
	readonly absent: Omit<Finding, 'status'> | null
	/** Throws where this server runs no agents. */
	crew(): HiveCrew
	take(open: OpenHive): void
	/** Does a part of opening it. What goes wrong ends the hive, and where it has to be had the server as well. */
	attempt(work: (open: OpenHive | null) => Promise<void>): Promise<void>
	/** Requests under way are answered first. May be called twice. */
	leave(): Promise<void>
}

/** A hive that is wanted and cannot be had is an error with `hive.enabled = true`; with `auto` the server goes on without it. */
export function newPlace(deps: PlaceDeps): HivePlace {
	const { enabled } = deps.config.hive
	let open: OpenHive | null = null
	let absent = whyAbsent(deps)
	const leave = async (): Promise<void> => {
		const left = open
		open = null
		await left?.crew.stop()
		await left?.claim.release()
	}
	return {
		get open() {
			return open
		},
		get absent() {
			return absent
		},
		crew: () => open?.crew ?? noAgents(),
		take(taken) {
			open = taken
		},
		async attempt(work) {
			try {
				if (absent === null) await work(open)
			} catch (thrown) {
				await leave()
				if (enabled === true || !(thrown instanceof MseError) || thrown.code === 'config_invalid') throw thrown
				absent = { detail: messageOf(thrown), hint: thrown.hint ?? 'Set hive.run_dir, or hive.enabled to false.' }
				deps.log.warn('going on without a hive', { reason: absent.detail })
			}
		},
		leave,
	}
}

/** Why this server is not even to try; null when it is. */
function whyAbsent({ opensHive, config, dir, environment }: PlaceDeps): Omit<Finding, 'status'> | null {
	const { enabled, runDir } = config.hive
	if (opensHive !== true) return { detail: 'Only a server of its own has the sockets of a hive.', hint: 'Start one: mse-server serve.' }
	if (enabled === false) return { detail: 'It is turned off.', hint: 'Set hive.enabled to auto or true.' }
	const isConfigured = enabled === true || runDir !== null || Boolean(environment.HIVE_RUN_DIR)
	if (dir !== null || isConfigured) return null
	return { detail: 'A server that keeps nothing has no hive unless it is told to.', hint: 'Set hive.run_dir, or hive.enabled to true.' }
}

function noAgents(): never {
	throw new MseError('unavailable', 'this server runs no agents', { code: 'no_agents', hint: 'mse-server doctor says why.' })
}
