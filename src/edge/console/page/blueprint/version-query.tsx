import { pathId } from '../../../client/client.ts'
import { useQuery } from '../../live/query.ts'

const never = (): boolean => false

/** A version never changes. A null one is not asked for. */
export function useVersion(id: string, version: string | null) {
	return useQuery(
		version === null ? null : `blueprint/${id}/version/${version}`,
		(client) =>
			client.answer(
				client.v1
					.blueprints(pathId(id))
					.versions({ hash: encodeURIComponent(version ?? '') })
					.get(),
			),
		never,
	)
}
