import { expect, test } from 'bun:test'
import { fuzz } from './fuzz/run.ts'

const requests = Number(Bun.env.MSE_FUZZ_REQUESTS ?? 1500)
/** The suite draws the same requests each time; `scripts/fuzz` draws others. */
const seed = Number(Bun.env.MSE_SEED ?? 1493336263)

test(
	'no request, however drawn from the document, is a fault of the server, an undocumented status or a hang',
	async () => {
		const { answers, faults } = await fuzz({ requests, seed })
		const again = `MSE_SEED=${seed}`
		expect({ again, faults }).toEqual({ again, faults: [] })
		// Not all of it may bounce off the surface.
		expect([...answers.keys()].filter((key) => / 20\d$/.test(key)).length).toBeGreaterThan(requests >= 1000 ? 40 : 0)
	},
	requests * 100 + 60_000,
)
