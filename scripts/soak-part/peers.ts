import { connectOperator } from '../../src/edge/client/operator.ts'

/** Operators and readers that come and go beside the launches, until the signal; resolves once an operator is there. Counts what readers saw twice. */
export async function startPeers(url: string, left: AbortSignal) {
	const seen = { events: 0, wrong: 0 }
	const { promise: isAnswered, resolve } = Promise.withResolvers<void>()
	void keepAnswering(url, left, resolve)
	for (let n = 0; n < 3; n++) void keepReading(url, left, seen)
	await isAnswered
	return seen
}

/** Answers for a while, goes away without a word, and comes back to the same session. */
async function keepAnswering(url: string, left: AbortSignal, joined: () => void): Promise<void> {
	let session: { readonly sid: string; readonly token: string } | undefined
	while (!left.aborted) {
		const operator = await connectOperator({
			...{ url, roles: ['soak'], concurrency: 16, rejoin: true },
			...(session && { session }),
			onSpawn: async () => ({ value: 'answered' }),
		})
		session = operator.session
		joined()
		await Bun.sleep(5000)
		await operator.close({ abort: true }).catch(() => {})
	}
}

/** Follows the events for a few seconds and comes back with its cursor. */
async function keepReading(url: string, left: AbortSignal, seen: { events: number; wrong: number }): Promise<void> {
	for (let last = 0; !left.aborted; ) {
		const after = last === 0 ? 'latest' : String(last)
		const signal = AbortSignal.any([left, AbortSignal.timeout(3000 + Math.random() * 4000)])
		const read = async (): Promise<void> => {
			const answer = await fetch(`${url}/v1/events?after=${after}`, { signal })
			if (answer.status === 410) last = 0
			let text = ''
			for await (const chunk of answer.body ?? []) {
				text += new TextDecoder().decode(chunk)
				const lines = text.split('\n')
				text = lines.pop() ?? ''
				for (const line of lines.filter((it) => it.startsWith('data: {"seq"'))) {
					const { seq } = JSON.parse(line.slice('data: '.length)) as { seq: number }
					if (seq <= last) seen.wrong++
					seen.events++
					last = seq
				}
			}
		}
		await read().catch(() => Bun.sleep(50))
	}
}
