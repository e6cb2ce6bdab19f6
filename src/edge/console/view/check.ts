import type { Check } from '../../../protocol/health.ts'

const ORDER: readonly Check['status'][] = ['broken', 'missing', 'ok']

/** What has to be looked after comes first; otherwise as it was found. */
export const urgentFirst = (checks: readonly Check[]): readonly Check[] =>
	[...checks].sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status))

/** How it went, in a sentence. */
export function checksText(checks: readonly Check[]): string {
	const bad = checks.filter(({ status }) => status !== 'ok')
	if (bad.length === 0) return `All ${checks.length} do what they should.`
	const words = ORDER.filter((status) => status !== 'ok')
		.map((status) => ({ status, count: bad.filter((check) => check.status === status).length }))
		.filter(({ count }) => count > 0)
		.map(({ status, count }) => `${count} ${status}`)
	return `${words.join(', ')}; ${checks.length - bad.length} do what they should.`
}
