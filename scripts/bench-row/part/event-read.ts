export interface ReadEvent {
	readonly seq: number
	readonly at: number
	readonly kind: string
	readonly run_id: string
	readonly data: { readonly [key: string]: unknown }
}

/** Everything of those kinds that is on disk by now, oldest first. */
export async function readEvents(url: string, kinds: string): Promise<readonly ReadEvent[]> {
	const answer = await fetch(`${url}/v1/events?follow=false&kind=${kinds}`)
	const lines = (await answer.text()).split('\n').filter((line) => line.startsWith('data:'))
	return lines.map((line) => JSON.parse(line.slice('data:'.length)) as ReadEvent)
}
