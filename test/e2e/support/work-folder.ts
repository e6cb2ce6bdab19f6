import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempDir } from '../../support/temp-dir.ts'
import { CHECKOUT } from './binary.ts'

const FIXTURE = join(CHECKOUT, 'test/fixture')

/** A document of `test/fixture`. */
export function readFixture(name: string) {
	return JSON.parse(readFileSync(join(FIXTURE, name), 'utf8'))
}

/** A folder for the children of a run to work in, with `lane.sh` in it. */
export function workFolder() {
	const folder = tempDir()
	const journalFile = join(folder.path, 'journal')
	copyFileSync(join(FIXTURE, 'program/lane.sh'), join(folder.path, 'lane.sh'))
	const journal = (): string => (existsSync(journalFile) ? readFileSync(journalFile, 'utf8') : '')
	return {
		...folder,
		/** What the children wrote down so far. */
		journal,
		/** The `MSE_ATTEMPT_KEY` of each child that started, in order. */
		started: (): string[] => [...journal().matchAll(/^start (\S+)/gm)].map(([, key = '']) => key),
	}
}
