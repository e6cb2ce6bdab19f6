import type { Blueprint, Lints } from '../../../protocol/blueprint.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { categories, isSuppressible, lintKinds } from '../diagnostic-kind.ts'
import { agentsOf, didYouMean, warningOf } from '../finding.ts'
import { memberOf } from '../json-path.ts'

const KEYS: readonly string[] = ['all', ...categories.map((category) => `category:${category}`), ...lintKinds]

/** `lints` maps themselves: keys that name nothing, and kinds that cannot be turned off. */
export function lintControls(blueprint: Blueprint): Diagnostic[] {
	return [
		...lintMap(blueprint.metadata.lints, '$.metadata.lints'),
		...agentsOf(blueprint).flatMap(({ agent, at, element }) =>
			lintMap(agent.lints, `${at}.lints`).map((finding) => ({ ...finding, element })),
		),
	]
}

function lintMap(lints: Lints, at: string): Diagnostic[] {
	return Object.keys(lints).flatMap((key) => {
		const path = memberOf(at, key)
		const name = key.toLowerCase().startsWith('category:') ? key.toLowerCase() : key
		if (!KEYS.includes(name))
			return [
				warningOf({
					code: 'unknown-lint-kind',
					path,
					message: `'${key}' is no kind of finding and no category`,
					hint: didYouMean(key, KEYS),
				}),
			]
		if (!lintKinds.includes(name) || isSuppressible(name)) return []
		return [warningOf({ code: 'non-suppressible-lint', path, message: `'${key}' is always checked; this setting has no effect` })]
	})
}
