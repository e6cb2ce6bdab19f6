import { messageOf } from '../../../kernel/error.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { serverUrl, urlFlag } from '../server-url.ts'

const PATIENCE_MS = 5000

/** The container's health check, so it knows only two exit codes: 0 healthy, 1 anything else. */
export const healthCommand: Command = {
	name: 'health',
	summary: 'Exit 0 if the server answers its health check, 1 if not',
	usage: '[--url URL]',
	positionals: 0,
	flags: [urlFlag],
	async run(invocation) {
		const url = serverUrl(invocation)
		const answer = await ask(`${url}/v1/healthz`)
		if (answer === 'ok') {
			invocation.out(`${url} is healthy\n`)
			return EXIT.done
		}
		invocation.err(`mse-server: ${url} is not healthy: ${answer}\n`)
		return EXIT.refused
	},
}

/** `ok`, or what came instead, in one line. */
async function ask(url: string): Promise<string> {
	try {
		const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) })
		const body = (await response.text()).trim()
		return response.ok && body === 'ok' ? body : `it answered ${response.status} ${body.slice(0, 200)}`
	} catch (thrown) {
		return messageOf(thrown)
	}
}
