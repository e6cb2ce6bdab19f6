import { useQuery } from '../../live/query.ts'

/** What is going on, as far as the server itself is concerned. */
export function useStatus() {
	return useQuery(
		'server/status',
		(client) => client.answer(client.v1.status.get()),
		({ kind }) => kind.startsWith('server.'),
	)
}
