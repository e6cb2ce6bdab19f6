/** Something that must never happen, and where it did. */
export interface Fault {
	readonly name: 'lost' | 'repeated' | 'stuck' | 'wrong'
	readonly found: readonly string[]
}

export interface Report {
	readonly seed: number
	readonly kills: number
	/** How many of the kills came at a named point of the code; the others came by the clock. */
	readonly planned: number
	/** How often the server died at each point. */
	readonly points: ReadonlyMap<string, number>
	/** Facts that were acknowledged, by kind. */
	readonly facts: ReadonlyMap<string, number>
	readonly runs: number
	readonly secs: number
	readonly faults: readonly Fault[]
	/** The folder with data and journal, where it was to be kept. */
	readonly kept: string | null
}

const MEANING: Readonly<Record<Fault['name'], string>> = {
	lost: 'acknowledged facts lost',
	repeated: 'completed steps repeated',
	stuck: 'stuck runs',
	wrong: 'runs with another outcome than theirs',
}
/** Of each sort, so many are told in full. */
const TOLD = 20

export function reportText({ seed, kills, planned, points, facts, runs, secs, faults, kept }: Report): string {
	const total = [...facts.values()].reduce((sum, count) => sum + count, 0)
	const lines = [
		`seed ${seed}`,
		`${kills} kills in ${secs.toFixed(0)} s, ${planned} of them at ${points.size} named points`,
		`${total} acknowledged facts (${counts(facts)}), ${runs} runs`,
		...faults.map(({ name, found }) => `${found.length} ${MEANING[name]}`),
		...faults.flatMap(({ name, found }) => found.slice(0, TOLD).map((sentence) => `  ${name}: ${sentence}`)),
	]
	return [...lines, ...(kept === null ? [] : [`everything is in ${kept}`])].join('\n')
}

function counts(facts: ReadonlyMap<string, number>): string {
	return [...facts].map(([kind, count]) => `${kind} ${count}`).join(', ')
}
