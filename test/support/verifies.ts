import { requirements } from '../requirement/manifest.ts'

/** Cites requirements of the manifest in the test that proves them. Throws on an unknown id, and on one decided otherwise. */
export function verifies(...ids: readonly string[]): void {
	for (const id of ids)
		if (rowOf(id).otherwise !== undefined) throw new Error(`requirement ${id} is decided otherwise; cite it with departs`)
}

/** Cites requirements that are decided otherwise, in the test that proves what is done instead. Throws on any other id. */
export function departs(...ids: readonly string[]): void {
	for (const id of ids) if (rowOf(id).otherwise === undefined) throw new Error(`requirement ${id} is kept; cite it with verifies`)
}

function rowOf(id: string) {
	const row = requirements.get(id)
	if (!row) throw new Error(`no requirement ${id} in test/requirement`)
	return row
}
