import { join } from 'node:path'
import type { HttpLoad, HttpLoadResult } from './part/http-load.ts'
import { compare, median } from './part/round.ts'
import { runScript, startScript, startServer } from './part/server.ts'
import type { BenchRow } from './row.ts'

const CLIENTS = 32
const LAUNCH = JSON.stringify({ blueprint: { kind: 'id', id: 'main' }, init_ctx: {} })

/** Runs of one step, launched over HTTP and answered once they have ended and are on disk. */
export const oneStepRow: BenchRow = {
	name: 'one-step',
	async measure({ binary, quick, rounds, folder }) {
		const requests = quick ? 200 : 6000
		await using bareServer = await startScript(join(import.meta.dir, 'part/bare-server.ts'), [folder()])
		await using server = await startServer(binary, folder())
		const p50: number[] = []
		const p99: number[] = []
		const bareP50: number[] = []
		const post = (url: string) => load({ url, path: '/v1/tasks', body: LAUNCH, clients: CLIENTS, requests })
		await post(server.url)
		const { value, bare, ratio } = await compare(
			rounds,
			async () => {
				const result = await post(bareServer.url)
				bareP50.push(result.p50Ms)
				return result.perSecond
			},
			async () => {
				const result = await post(server.url)
				p50.push(result.p50Ms)
				p99.push(result.p99Ms)
				return result.perSecond
			},
		)
		return [
			{
				what: `one-step runs over HTTP, ${CLIENTS} clients`,
				...{ value, unit: '/s', ratio },
				bare: { what: 'POST + group commit of one row', value: bare },
				floors: [
					{ of: 'value', is: 'at least', limit: 5000 },
					{ of: 'ratio', is: 'at least', limit: 0.2 },
				],
			},
			{
				what: 'their answer, p50',
				...{ value: median(p50), unit: 'ms', ratio: median(p50) / median(bareP50) },
				bare: { what: 'the same POST', value: median(bareP50) },
				floors: [{ of: 'value', is: 'at most', limit: 10 }],
			},
			{ what: 'their answer, p99', value: median(p99), unit: 'ms', ratio: null, bare: null, floors: [] },
		]
	},
}

const load = (options: HttpLoad): Promise<HttpLoadResult> => runScript(join(import.meta.dir, 'part/http-load.ts'), options)
