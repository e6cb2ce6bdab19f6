import type { Terminal } from '../../../src/edge/cli/command.ts'

export interface FakeTerminal extends Terminal {
	readonly stdout: string
	readonly stderr: string
	/** Delivers a signal to whoever waits for one, or to the next who does. */
	signal(name: NodeJS.Signals): void
}

/** A terminal that remembers what was printed and is sent signals by hand. */
export function fakeTerminal(
	options: { readonly env?: Terminal['env']; readonly colour?: boolean; readonly live?: boolean } = {},
): FakeTerminal {
	const printed = { out: '', err: '' }
	const sent: NodeJS.Signals[] = []
	let waiters: ((name: NodeJS.Signals) => void)[] = []
	return {
		env: options.env ?? {},
		colour: options.colour ?? false,
		errColour: options.colour ?? false,
		errLive: options.live ?? false,
		out: (text) => {
			printed.out += text
		},
		err: (text) => {
			printed.err += text
		},
		nextSignal: () => {
			const early = sent.shift()
			return early === undefined ? new Promise((resolve) => void waiters.push(resolve)) : Promise.resolve(early)
		},
		signal(name) {
			const [waiter, ...rest] = waiters
			waiters = rest
			if (waiter === undefined) sent.push(name)
			else waiter(name)
		},
		get stdout() {
			return printed.out
		},
		get stderr() {
			return printed.err
		},
	}
}
