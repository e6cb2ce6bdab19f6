import { describe, expect, test } from 'bun:test'
import type { Static } from '@sinclair/typebox'
import type { WebhookListSchema } from '../../src/protocol/webhook.ts'
import { eventually } from '../support/eventually.ts'
import { call } from './support/api.ts'
import { findBarriers, noBrowser, openPage } from './support/browser.ts'
import { startTestServer } from './support/server.ts'

type WebhookList = Static<typeof WebhookListSchema>

const hello = {
	id: 'hello',
	flow: { kind: 'step', ref: 'echo', in: { op: 'lit', value: 'hi' }, out: { op: 'path', at: '$.out' } },
	agents: [{ name: 'echo', kind: 'rust_fn', spec: { fn_id: 'echo' } }],
}

describe.skipIf(noBrowser !== null)(`in a browser (needs chromium; ${noBrowser ?? 'it is there'})`, () => {
	test('the server is paused and resumed, shows figures, what it refused and what it can do', async () => {
		await using server = await startTestServer()
		await call('POST', `${server.url}/v1/issues`, { text: 'x'.repeat(3_000_000), headers: { 'content-type': 'application/json' } })
		await using watched = await openPage()
		const { page } = watched
		await page.goto(`${server.url}/console#/server`)
		await page.getByText('ready', { exact: true }).waitFor()
		await page.getByText('Resident memory of the process').waitFor()
		expect(await findBarriers(page)).toEqual([])
		await page.getByLabel('Why').fill('The <disk> is changed.')
		await page.getByRole('button', { name: 'Pause the server' }).click()
		await page.getByText('takes no work').waitFor()
		await page.getByRole('navigation').getByText('paused').waitFor()
		await page.reload()
		await page.getByText('The <disk> is changed.').waitFor()
		await page.getByRole('button', { name: 'Resume the server' }).click()
		await page.getByText('ready', { exact: true }).waitFor()
		await page.getByRole('button', { name: 'Try everything' }).click()
		await page.getByRole('status').getByText('do what they should').waitFor()
		await page.getByText('Connect one: mse-server operator').waitFor()
		expect(await findBarriers(page)).toEqual([])
		expect(await page.getByRole('main').getByRole('link', { name: 'HTTP API' }).getAttribute('href')).toBe('/swagger')
		expect(watched.errors.filter((text) => !text.includes('503'))).toEqual([])
	})

	test('a webhook that cannot deliver is shown with its error, and delivers when told to', async () => {
		let isAway = true
		const receiver = Bun.serve({
			...{ port: 0, hostname: '127.0.0.1' },
			fetch: () => new Response(isAway ? '<b>away</b>' : null, { status: isAway ? 503 : 204 }),
		})
		const config = `[webhook.chat]\nurl = "${receiver.url.href}in"\nsecret_env = "CHAT_SECRET"\nkinds = ["blueprint."]\nmax_attempts = 1\n`
		await using server = await startTestServer({ config, env: { CHAT_SECRET: 'secret' } })
		await using watched = await openPage({ width: 400, scheme: 'dark' })
		const { page } = watched
		await page.goto(`${server.url}/console#/webhooks`)
		await page.getByText('ok', { exact: true }).waitFor()
		await call('POST', `${server.url}/v1/blueprints/hello`, { json: hello })
		const givenUp = async () => (await call<WebhookList>('GET', `${server.url}/v1/webhooks`)).body.webhooks[0]?.undelivered_total
		await eventually(givenUp, { what: 'a delivery is given up' })
		await page.getByRole('button', { name: 'Read again' }).click()
		await page.getByText('failed', { exact: true }).waitFor()
		await page.getByText('it answered 503').first().waitFor()
		expect(await findBarriers(page)).toEqual([])
		isAway = false
		await page.getByRole('button', { name: 'Deliver them now' }).click()
		await page.getByText('ok', { exact: true }).waitFor()
		expect(watched.errors).toEqual([])
		await receiver.stop(true)
	})
})
