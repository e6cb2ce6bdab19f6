const PAUSE_MS = 5

/**
 * The first answer of `fn` that is not null, undefined or false; a throw counts as not yet. Rejects after `within` milliseconds
 * with `what`, the fact that was waited for, and the last throw as its cause.
 */
export async function eventually<T>(
	fn: () => T | Promise<T>,
	{ within = 20_000, what }: { within?: number; what: string },
): Promise<Exclude<T, null | undefined | false>> {
	const end = performance.now() + within
	let cause: unknown
	do {
		try {
			const answer = await fn()
			if (answer !== null && answer !== undefined && answer !== false) return answer as Exclude<T, null | undefined | false>
		} catch (thrown) {
			cause = thrown
		}
		await Bun.sleep(PAUSE_MS)
	} while (performance.now() < end)
	throw new Error(`not within ${within} ms: ${what}`, { cause })
}
