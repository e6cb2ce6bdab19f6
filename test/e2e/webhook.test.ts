import { expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { eventually } from '../support/eventually.ts'
import { runBinary } from './support/binary.ts'
import { startTestServer } from './support/server.ts'

const SECRET = 'e2e-secret'
const blueprint = {
	id: 'hello',
	flow: { kind: 'step', ref: 'echo', in: { op: 'lit', value: 'hi' }, out: { op: 'path', at: '$.out' } },
	agents: [{ name: 'echo', kind: 'rust_fn', spec: { fn_id: 'echo' } }],
}

test('an address that is away while the server dies is told every end of a run, signed, and nothing is lost', async () => {
	const got: { run: string; isSigned: boolean }[] = []
	let isAway = true
	const receiver = Bun.serve({
		...{ port: 0, hostname: '127.0.0.1' },
		async fetch(request) {
			const body = await request.text()
			const [id, at] = ['webhook-id', 'webhook-timestamp'].map((name) => request.headers.get(name))
			const expected = `v1,${createHmac('sha256', SECRET).update(`${id}.${at}.${body}`).digest('base64')}`
			if (isAway) return new Response('away', { status: 503 })
			got.push({ run: JSON.parse(body).data.run_id, isSigned: request.headers.get('webhook-signature') === expected })
			return new Response(null, { status: 204 })
		},
	})
	const config = `[webhook.chat]\nurl = "${receiver.url.href}in"\nsecret_env = "CHAT_SECRET"\nkinds = ["run.done"]\n`
	const env = { CHAT_SECRET: SECRET }
	await using server = await startTestServer({ config, env })
	const launch = async (): Promise<string> => {
		const body = JSON.stringify({ blueprint: { kind: 'inline', value: blueprint }, init_ctx: {} })
		const answer = await fetch(`${server.url}/v1/tasks`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
		return ((await answer.json()) as { run_id: string }).run_id
	}
	const first = [await launch(), await launch()]
	const shown = async () => (await runBinary(['webhooks', 'ls', '--json', '--url', server.url])).stdout
	await eventually(async () => (await shown()).includes('it answered 503'), { what: 'the refused delivery is shown' })
	await server.kill('SIGKILL')
	isAway = false
	await server.restart()
	const all = [...first, await launch()]
	await eventually(() => got.length >= all.length, { what: 'every end was told' })
	expect([...new Set(got.map(({ run }) => run))]).toEqual(all)
	expect(got.every(({ isSigned }) => isSigned)).toBe(true)
	const doctor = (await (await fetch(`${server.url}/v1/doctor?probe=true`)).json()) as { checks: { name: string; detail: string }[] }
	expect(doctor.checks.find(({ name }) => name === 'webhooks')?.detail).toBe('chat can deliver')
	expect((await runBinary(['webhooks', 'retry', 'nobody', '--url', server.url])).code).toBe(1)
	await receiver.stop(true)
})

test('a webhook without its secret refuses the start and names the variable', async () => {
	const config = '[webhook.chat]\nurl = "http://127.0.0.1:1/"\nsecret_env = "CHAT_SECRET"\n'
	const failed = await startTestServer({ config }).catch((error: Error) => error)
	expect(String(failed)).toContain('webhook.chat.secret_env names CHAT_SECRET, which is not set.')
})
