import { requirements } from '../requirement/manifest.ts'

/** Cites requirements of the manifest in the test that proves them. An unknown id fails at once. */
export function verifies(...ids: readonly string[]): void {
	for (const id of ids) if (!requirements.has(id)) throw new Error(`no requirement ${id} in test/requirement`)
}
