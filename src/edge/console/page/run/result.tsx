import type { RunRecord } from '../../../../protocol/run.ts'
import { pathId } from '../../../client/client.ts'
import { useQuery } from '../../live/query.ts'
import { Json } from '../../part/json.tsx'
import { Nothing, Shown } from '../../part/shown.tsx'
import { Status } from '../../part/status.tsx'
import { When } from '../../part/time.tsx'

/** What a run came to, and what its earlier lives came to that a rerun closed. */
export function RunResult({ run }: { readonly run: RunRecord }) {
	return (
		<div className="results">
			{run.result_ref === null ? <Nothing title="It has no result yet." /> : <Json value={run.result_ref} label="Result" />}
			{run.generation > 1 && <EarlierLives run={run} />}
		</div>
	)
}

function EarlierLives({ run: { id, generation } }: { readonly run: RunRecord }) {
	const query = useQuery(
		`generations/${id}/${generation}`,
		(client) => client.answer(client.v1.runs(pathId(id)).generations.get()),
		() => false,
	)
	return (
		<Shown query={query}>
			{({ closed }) =>
				closed.map((life) => (
					<details key={life.generation}>
						<summary>
							Generation {life.generation} <Status word={life.status} /> until <When at={life.closed_at * 1000} />
						</summary>
						<Json value={life.result_ref} label={`Result of generation ${life.generation}`} />
					</details>
				))
			}
		</Shown>
	)
}
