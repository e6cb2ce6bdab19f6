import { useQuery } from '../live/query.ts'

/** The profiles that workers can be run with, and whether they can. */
export function useProfiles() {
	return useQuery(
		'workers/profiles',
		(client) => client.answer(client.v1.runtime.get()),
		({ kind }) => kind.startsWith('session.') || kind.startsWith('hive.'),
	)
}
