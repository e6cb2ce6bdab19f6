import { MseError } from '../../kernel/error.ts'
import { require } from './object-view.ts'
import type { ProposedRepository } from './proposed-repository.ts'

const FULL = 40

/**
 * The full name of the commit that a reference means: 7 to 40 hex digits. Names of branches and tags are refused, since they may mean
 * another commit tomorrow.
 */
export async function resolveCommit(repository: ProposedRepository, ref: string): Promise<string> {
	if (!/^[0-9a-f]{7,64}$/i.test(ref))
		throw new MseError('invalid', `${JSON.stringify(ref.slice(0, 80))} is no commit: give 7 to 40 hex digits of its name.`, {
			code: 'invalid_commit_ref',
			hint: 'git rev-parse HEAD prints it. Names of branches and tags are not taken.',
		})
	const digits = ref.toLowerCase()
	const found = digits.length > FULL ? [] : await repository.expand(digits)
	const [sha] = found
	if (sha === undefined)
		throw new MseError('invalid', `There is no commit ${digits} in the config repository.`, {
			code: 'unknown_commit',
			hint: digits.length > FULL ? 'Only SHA-1 repositories are read, whose names have 40 digits.' : 'Commit first, then propose.',
		})
	if (found.length > 1)
		throw new MseError('invalid', `${digits} means ${found.length} objects of the config repository: give more digits.`, {
			code: 'commit_ambiguous',
		})
	await require(repository.read, sha, 'commit')
	return sha
}
