import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const TESTS = join(import.meta.dir, '..')

/** One id that a test file cites. */
export interface Citation {
	readonly id: string
	readonly file: string
}

/**
 * Every id cited by a file of tests that calls `verifies` or `departs`, read from its text: nothing runs. An id counts wherever it
 * stands in quotes there, so that the rows of a table of cases may carry their own.
 */
export function citations(): readonly Citation[] {
	const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).filter((name) => /(\.test\.ts|^contract\/.*\.ts)$/.test(name))
	return files.flatMap((file) => {
		const text = readFileSync(join(TESTS, file), 'utf8')
		if (!/\b(verifies|departs)\(/.test(text)) return []
		return [...text.matchAll(/'(\d\d\.(?:[A-Z]?[1-9]\d*|[A-Z][A-Za-z]+\.[a-z_]+))'/g)].map(([, id = '']) => ({ id, file }))
	})
}
