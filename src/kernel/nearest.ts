import { closest } from 'fastest-levenshtein'

/** The name that was most likely meant, as the end of a sentence: ` The nearest is "bind".` Empty when there is nothing to offer. */
export function nearestName(given: string, names: readonly string[]): string {
	return names.length === 0 ? '' : ` The nearest is "${closest(given, names)}".`
}
