import { join } from 'node:path'
import { SOCKET_FILE } from '../../core/hive/agent-folder.ts'
import type { CagedAgent } from '../../core/hive/cage.ts'

/** Where an agent finds what is its own. */
export interface CagePlaces {
	readonly socket: string
	readonly state: string
	readonly creds: string
}

/** Where those are in every cage with a file system of its own (hyperhive). */
export const GUEST: CagePlaces = { socket: '/run/hive', state: '/state', creds: '/creds' }

/** Marks every process of an agent that is not in a container; its children inherit it. */
export const CAGE_KEY = 'HIVE_CAGE_KEY'

/** What an agent's spec sets, and what tells its program who it is. */
export function agentVariables({ env, name, role }: CagedAgent, places: CagePlaces): Record<string, string> {
	return {
		...env,
		HIVE_SOCKET: join(places.socket, SOCKET_FILE),
		HIVE_LABEL: name,
		HIVE_STATE_DIR: places.state,
		HIVE_CREDS_DIR: places.creds,
		HIVE_ROLE: role,
	}
}
