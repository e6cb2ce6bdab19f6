import type { Mount } from '../../core/hive/agent-spec.ts'
import type { CagedAgent } from '../../core/hive/cage.ts'
import { GUEST } from './environment.ts'

/** All that an agent sees of this machine in a cage with a file system of its own: what is its own, its config's files, what it is shown, its mounts. */
export function mountsOf({ home, folder, shown = [], mounts }: CagedAgent): readonly Mount[] {
	return [
		{ host: home.socket, guest: GUEST.socket },
		{ host: home.state, guest: GUEST.state },
		{ host: home.creds, guest: GUEST.creds },
		...(folder === undefined ? [] : [{ host: folder, guest: folder, ro: true }]),
		...shown,
		...mounts,
	]
}
