/** What the launches of one slice came to: milliseconds of those that ended well, sorted, and why others did not. */
export interface Slice {
	readonly times: readonly number[]
	readonly failures: readonly string[]
}

const step = (ref: string, out: string) => ({ kind: 'step', ref, in: { op: 'lit', value: ref }, out: { op: 'path', at: out } })
const inline = (id: string, agent: object, n: number) => ({
	kind: 'inline',
	// Each hundredth document is a new one, so that old ones have to go.
	value: {
		id,
		flow: step('work', '$.out'),
		agents: [{ name: 'work', ...agent }],
		metadata: { description: `${id} ${Math.floor(n / 100)}` },
	},
})

const KINDS = {
	functions: () => ({ kind: 'id', id: 'main' }),
	documents: (n: number) => inline('documents', { kind: 'rust_fn', spec: { fn_id: 'identity' } }, n),
	children: (n: number) => inline('children', { kind: 'subprocess', spec: { program: '/bin/sh', args: ['-c', 'echo made'] } }, n),
	operators: (n: number) => inline('operators', { kind: 'operator', spec: { operator_ref: 'soak' } }, n),
} as const

/** Launches of all kinds at a steady pace until the instant, each awaited to its end; the times are those of functions. */
export async function slice(url: string, rate: number, until: number, next: () => number): Promise<Slice> {
	const times: number[] = []
	const failures: string[] = []
	const open = new Set<Promise<void>>()
	const one = async (kind: keyof typeof KINDS): Promise<void> => {
		const start = performance.now()
		const failure = await launch(url, KINDS[kind](next())).catch(String)
		if (failure !== null) failures.push(`${kind}: ${failure}`)
		else if (kind === 'functions') times.push(performance.now() - start)
	}
	const begin = (kind: keyof typeof KINDS): void => {
		const work = one(kind).finally(() => open.delete(work))
		open.add(work)
	}
	let beat = 0
	for (let due = performance.now(); due < until; due += 1000 / rate) {
		await Bun.sleep(Math.max(0, due - performance.now()))
		begin('functions')
		if (beat++ % 10 === 0) for (const kind of ['documents', 'children', 'operators'] as const) begin(kind)
	}
	await Promise.all(open)
	return { times: times.sort((a, b) => a - b), failures }
}

/** Null when the run was done. */
async function launch(url: string, blueprint: object): Promise<string | null> {
	const body = JSON.stringify({ blueprint, init_ctx: {} })
	const answer = await fetch(`${url}/v1/tasks`, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
	const text = await answer.text()
	return answer.ok ? null : `${answer.status} ${text.slice(0, 200)}`
}
