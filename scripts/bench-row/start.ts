import { compare, elapsed, median } from './part/round.ts'
import { residentMb, startServer } from './part/server.ts'
import type { BenchRow } from './row.ts'

/** How long the server is idle before its memory is looked at. */
const IDLE_MS = 500

/** From nothing to the first answer, and what a server holds that has nothing to do. */
export const startRow: BenchRow = {
	name: 'start',
	async measure({ binary, quick, rounds, folder }) {
		const resident: number[] = []
		const data = folder()
		const start = async (): Promise<number> => {
			await using server = await startServer(binary, data)
			if (!quick) await Bun.sleep(IDLE_MS)
			resident.push(residentMb(server.pid))
			return server.healthyAfterMs
		}
		await start()
		const { value, bare, ratio } = await compare(rounds, () => elapsed(() => runVersion(binary)), start)
		return [
			{
				what: 'binary to first healthz',
				...{ value, unit: 'ms', ratio },
				bare: { what: 'the binary saying its version', value: bare },
				floors: [{ of: 'value', is: 'at most', limit: 150 }],
			},
			{
				what: 'resident when idle',
				...{ value: median(resident), unit: 'MB', ratio: null },
				bare: null,
				floors: [{ of: 'value', is: 'at most', limit: 90 }],
			},
		]
	},
}

async function runVersion(binary: string): Promise<void> {
	await Bun.spawn([binary, 'version'], { env: {}, stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' }).exited
}
