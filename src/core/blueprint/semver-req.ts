import { compareBuild, parse, Range, type SemVer, satisfies } from 'semver'
import { MseError } from '../../kernel/error.ts'
import { SEMVER_PATTERN } from '../../protocol/blueprint.ts'
import { semverProblem } from './shape-wording.ts'

const COMPARATOR = /^(=|>=|>|<=|<|~|\^)?\s*((?:\d+|[*xX])(?:\.(?:\d+|[*xX])){0,2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)$/

/**
 * The highest labelled item that a requirement admits; of equal ones the first. Requirements are those of Cargo: comma
 * means and, a bare version means `^`. Throws `malformed` when a label is no version, or when nothing matches.
 */
export function highestMatching<T extends { readonly versionLabel: string | null }>(items: Iterable<T>, requirement: string): T {
	const range = parseRequirement(requirement)
	let best: { readonly item: T; readonly version: SemVer } | undefined
	for (const item of items) {
		if (item.versionLabel === null) continue
		const version = parseLabel(item.versionLabel)
		if (satisfies(version, range) && (!best || compareBuild(version, best.version) > 0)) best = { item, version }
	}
	if (best) return best.item
	throw new MseError('malformed', `no version matches semver req: ${requirement}`, { code: 'no_matching_version' })
}

function parseRequirement(text: string): Range {
	const comparators = text.split(',').map((part) => COMPARATOR.exec(part.trim()))
	const [only] = comparators
	if (comparators.length > 1 && comparators.some((match) => match?.[2] === '*')) throw invalidRequirement(text)
	const range = comparators.map((match) => {
		if (!match?.[2]) throw invalidRequirement(text)
		const wild = /[*xX]/.test(match[2])
		return `${match[1] ?? (wild ? '' : '^')}${match[2]}`
	})
	try {
		return new Range(only?.[2] === '*' ? '*' : range.join(' '))
	} catch {
		throw invalidRequirement(text)
	}
}

function parseLabel(label: string): SemVer {
	const version = new RegExp(SEMVER_PATTERN).test(label) ? parse(label) : null
	if (version) return version
	throw new MseError('malformed', `invalid semver version_label "${label}": ${semverProblem(label)}`, {
		code: 'invalid_version_label',
		hint: 'Select the version by its hash, or label it MAJOR.MINOR.PATCH.',
	})
}

const invalidRequirement = (text: string): MseError =>
	new MseError('malformed', `invalid semver req "${text}"`, {
		code: 'invalid_semver_req',
		hint: 'Write comparators such as ^1.2, ~1.2.3 or >=1, <2.',
	})
