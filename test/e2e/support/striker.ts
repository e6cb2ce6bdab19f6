import type { startTestServer } from './server.ts'

type Server = Pick<Awaited<ReturnType<typeof startTestServer>>, 'kill' | 'restart'>

/** Kills a server in the middle of what others see of it. */
export interface Striker {
	/** To be called for each thing that was seen. */
	seen(): void
	/** So often, each time after 1 to `longestLife` things were seen, and starts it again. */
	strike(server: Server, times: number): Promise<void>
}

export function newStriker(random: () => number, longestLife: number): Striker {
	let left = Number.POSITIVE_INFINITY
	let kill = (): void => {}
	return {
		seen: () => void (--left <= 0 && kill()),
		async strike(server, times) {
			for (let n = 0; n < times; n++) {
				const { promise, resolve } = Promise.withResolvers<unknown>()
				kill = () => {
					left = Number.POSITIVE_INFINITY
					resolve(server.kill('SIGKILL'))
				}
				left = 1 + Math.floor(random() * longestLife)
				await promise
				await server.restart()
			}
		},
	}
}
