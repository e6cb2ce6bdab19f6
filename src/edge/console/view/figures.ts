import { durationText } from './duration.ts'

/** A figure as Prometheus reads it. */
export interface Family {
	readonly name: string
	readonly help: string
	readonly type: string
	readonly samples: readonly Sample[]
}

export interface Sample {
	readonly labels: { readonly [name: string]: string }
	readonly value: number
}

const SAMPLE = /^(\w+)(?:\{(.*)\})? (\S+)$/
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g

/** The families of a text in the format of Prometheus, in its order; lines of other shapes are left out. */
export function readFigures(text: string): readonly Family[] {
	const families = new Map<string, Family & { readonly samples: Sample[] }>()
	let present = ''
	for (const line of text.split('\n')) {
		const [, , name = '', ...rest] = line.startsWith('# ') ? line.split(' ') : []
		if (line.startsWith('# HELP ')) families.set(name, { name, help: rest.join(' '), type: '', samples: [] })
		if (line.startsWith('# TYPE ')) families.set(name, { ...(families.get(name) ?? { name, help: '', samples: [] }), type: rest.join(' ') })
		if (line.startsWith('# ')) present = name
		const [, , labels = '', value = ''] = SAMPLE.exec(line) ?? []
		if (value !== '')
			families.get(present)?.samples.push({ labels: { ...readLabels(labels), ...namePart(line, present) }, value: Number(value) })
	}
	return [...families.values()]
}

const readLabels = (text: string): { [name: string]: string } =>
	Object.fromEntries([...text.matchAll(LABEL)].map(([, name = '', value = '']) => [name, value.replaceAll(/\\(.)/g, '$1')]))

/** Which part of a histogram it is: `_count`, `_sum` or `_bucket`. */
function namePart(line: string, family: string): { readonly [name: string]: string } {
	const part = /^\w+/.exec(line)?.[0].slice(family.length) ?? ''
	return part === '' ? {} : { part }
}

/** What people read of the figures: of each gauge its name and its value. */
export function gaugeFacts(families: readonly Family[]): readonly (readonly [name: string, value: string])[] {
	return families
		.filter(({ type, samples }) => type === 'gauge' && samples.length > 0)
		.map(({ name, help, samples }) => [NAMES[name] ?? help.replace(/, by (state|status)$/, ''), samplesText(name, samples)])
}

const NAMES: { readonly [family: string]: string } = { mse_database_healthy: 'The last commit went well' }

/** Of several states those in which there is something. */
function samplesText(name: string, samples: readonly Sample[]): string {
	const some = samples.filter(({ value }) => value !== 0)
	if (some.length === 0 && samples.length > 1) return '0'
	return (some.length === 0 ? samples : some).map((sample) => sampleText(name, sample)).join(', ')
}

function sampleText(name: string, { labels, value }: Sample): string {
	const text = valueText(name, value)
	return labels.state === undefined ? text : `${text} ${labels.state}`
}

function valueText(name: string, value: number): string {
	if (name.endsWith('_bytes')) return `${Math.round(value / 1_000_000)} MB`
	if (name.endsWith('_oldest_seconds') && value === 0) return 'none'
	if (name.endsWith('_seconds')) return durationText(value * 1000)
	if (name.endsWith('_healthy')) return value === 1 ? 'yes' : 'no'
	return value.toLocaleString('en')
}

/** Statuses with which a server refuses what is too large or too much, and with which it fails. */
const LIMITS: { readonly [status: string]: string } = {
	413: 'too large',
	429: 'too many',
	500: 'failed',
	503: 'not now',
	504: 'took too long',
}

/** Asked whether it takes work, no is an answer. */
const PROBES: readonly string[] = ['/v1/readyz']

/** A limit that requests ran into. */
export interface Refusal {
	readonly route: string
	readonly why: string
	readonly count: number
}

/** How often requests ran into a limit since the process began, the most frequent first. */
export function refusals(families: readonly Family[]): readonly Refusal[] {
	const requests = families.find(({ name }) => name.endsWith('_http_request_seconds'))?.samples ?? []
	return requests
		.flatMap(({ labels: { part, method = '', route = '', status = '' }, value }): Refusal[] => {
			const why = LIMITS[status]
			return part === '_count' && why !== undefined && !PROBES.includes(route)
				? [{ route: `${method} ${route}`, why: `${status} ${why}`, count: value }]
				: []
		})
		.sort((a, b) => b.count - a.count)
}
