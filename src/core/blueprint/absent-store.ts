import { storeNotConfigured } from './resolve.ts'
import type { BlueprintStore } from './store.ts'

/** Stands where a server has no Blueprint store: it holds nothing, and what would keep something refuses with `store_not_configured`. */
export function absentBlueprintStore(): BlueprintStore {
	const refuse = (): Promise<never> => Promise.reject(storeNotConfigured())
	return {
		...{ commit: refuse, restore: refuse, pin: refuse, archive: refuse, unarchive: refuse },
		...{ head: refuse, headCommit: refuse, read: refuse, readByHash: refuse },
		history: async () => [],
		isArchived: async () => null,
		list: async () => [],
	}
}
