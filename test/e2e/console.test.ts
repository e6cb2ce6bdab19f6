import { describe, expect, test } from 'bun:test'
import type { ApprovalRecord } from '../../src/protocol/approval.ts'
import { call } from './support/api.ts'
import { findBarriers, noBrowser, openPage } from './support/browser.ts'
import { startTestServer } from './support/server.ts'

const TOKEN = 'a-token-of-these-tests'

const question = {
	subject: { type: 'deploy', id: 'web' },
	requester: 'release-bot',
	payload: { text: '<img src=x onerror="document.title=\'owned\'">' },
	deadline_ms: 600_000,
	form: {
		type: 'object',
		required: ['tier', 'reason'],
		properties: {
			tier: { enum: ['canary', 'all'] },
			reason: { type: 'string' },
			percent: { type: 'integer' },
			notify: { type: 'boolean', title: 'Tell the channel' },
		},
	},
}

test('the script of the console is minified', async () => {
	await using server = await startTestServer()
	const [, path = ''] = /src="([^"]+)"/.exec(await (await fetch(`${server.url}/console`)).text()) ?? []
	const script = await (await fetch(server.url + path)).text()
	expect([script.length > 100_000, script.length / script.split('\n').length > 200]).toEqual([true, true])
	expect(Bun.gzipSync(script).length).toBeLessThan(240_000)
})

test('the files of the console are public, cached by their content and kept from foreign pages', async () => {
	await using server = await startTestServer({ args: ['--admin-token', TOKEN] })
	const page = await fetch(`${server.url}/console`)
	expect(page.status).toBe(200)
	expect(page.headers.get('content-security-policy')).toContain("default-src 'self'; ")
	expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
	expect(page.headers.get('x-content-type-options')).toBe('nosniff')
	expect(page.headers.get('cache-control')).toBe('no-cache')
	const again = await fetch(`${server.url}/console`, { headers: { 'if-none-match': page.headers.get('etag') ?? '' } })
	expect(again.status).toBe(304)
	const html = await page.text()
	expect(html).not.toMatch(/<script(?![^>]* src=)/)
	const loads = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path)
	expect(loads.length).toBe(3)
	for (const path of loads) {
		const file = await fetch(server.url + path)
		expect([path, file.status, file.headers.get('cache-control')]).toEqual([path, 200, 'public, max-age=31536000, immutable'])
	}
	expect((await fetch(`${server.url}/console/other.js`)).status).toBe(404)
	expect((await fetch(`${server.url}/console`, { headers: { host: 'evil.example' } })).status).toBe(403)
	expect((await fetch(`${server.url}/v1/runs`)).status).toBe(401)
})

test('a browser that asks for / is sent to the console, a program is not', async () => {
	await using server = await startTestServer()
	const browser = await fetch(server.url, { redirect: 'manual', headers: { accept: 'text/html,*/*' } })
	expect([browser.status, browser.headers.get('location')]).toEqual([302, '/console'])
	expect((await fetch(server.url, { headers: { accept: '*/*' } })).status).toBe(404)
})

describe.skipIf(noBrowser !== null)(`in a browser (needs chromium; ${noBrowser ?? 'it is there'})`, () => {
	test('a server with an admin token asks for it, refuses a wrong one, and forgets it when told to', async () => {
		await using server = await startTestServer({ args: ['--admin-token', TOKEN] })
		await using watched = await openPage()
		const { page } = watched
		await page.goto(`${server.url}/console`)
		await page.getByLabel('Admin token').fill('wrong')
		await page.getByRole('button', { name: 'Open the console' }).click()
		await page.getByText('That is not the token of this server.').waitFor()
		expect(await findBarriers(page)).toEqual([])
		await page.getByLabel('Admin token').fill(TOKEN)
		await page.keyboard.press('Enter')
		await page.getByText('Live', { exact: true }).waitFor()
		await page.reload()
		await page.getByText('Live', { exact: true }).waitFor()
		await page.getByRole('button', { name: 'Forget the token' }).click()
		await page.getByLabel('Admin token').waitFor()
		expect(watched.errors.filter((text) => !text.includes('401'))).toEqual([])
	})

	test('an approval appears by itself, wants its form filled in, and is granted with name and note', async () => {
		await using server = await startTestServer()
		await using watched = await openPage()
		const { page } = watched
		await page.goto(`${server.url}/console#/approvals`)
		await page.getByText('Nothing waits for you.').waitFor()
		const { body: asked } = await call<ApprovalRecord>('POST', `${server.url}/v1/approvals`, { json: question })
		await page.getByRole('link', { name: /deploy web/ }).click()
		await page.getByText('<img src=x onerror=').waitFor()
		expect(await findBarriers(page)).toEqual([])
		await page.getByLabel('Your name').fill('ada')
		await page.getByLabel('Note').fill('The change is small.')
		await page.getByRole('button', { name: 'Approve', exact: true }).click()
		await page.getByText('Tier has to be filled in.').waitFor()
		await page.getByLabel('Tier').selectOption('canary')
		await page.getByLabel('Reason').fill('It is green.')
		await page.getByLabel('Percent').fill('12')
		await page.getByLabel('Tell the channel').check()
		await page.getByRole('button', { name: 'Approve', exact: true }).click()
		await page.getByRole('heading', { name: 'How it ended' }).waitFor()
		const { body: ended } = await call<ApprovalRecord>('GET', `${server.url}/v1/approvals/${asked.id}`)
		expect(ended).toMatchObject({ status: 'approved', by: 'ada', note: 'The change is small.' })
		expect(ended.answer).toEqual({ tier: 'canary', reason: 'It is green.', percent: 12, notify: true })
		expect(await page.title()).toBe('Approvals · mse-server')
		expect(watched.errors).toEqual([])
		expect(watched.asked.filter((url) => !url.startsWith(server.url))).toEqual([])
	})

	test('what the server refuses is told in its own sentence, and a deny is one', async () => {
		await using server = await startTestServer()
		await call('POST', `${server.url}/v1/approvals`, { json: { subject: { type: 'deploy', id: 'api' }, approvers: ['grace'] } })
		await using watched = await openPage({ width: 400, scheme: 'dark' })
		const { page } = watched
		await page.goto(`${server.url}/console#/approvals/1`)
		await page.getByLabel('Your name').fill('ada')
		await page.getByRole('button', { name: 'Deny', exact: true }).click()
		await page.getByRole('alert').waitFor()
		expect(await page.getByRole('alert').textContent()).toContain('ada')
		expect(await findBarriers(page)).toEqual([])
		await page.getByLabel('Your name').fill('grace')
		await page.getByRole('button', { name: 'Deny', exact: true }).click()
		await page.getByRole('heading', { name: 'How it ended' }).waitFor()
	})

	test('a page follows a server that was killed and started again, without a reload', async () => {
		await using server = await startTestServer()
		await using watched = await openPage()
		const { page } = watched
		await page.goto(`${server.url}/console#/approvals`)
		await page.getByText('Live', { exact: true }).waitFor()
		// What is shown stays while the server is away; what was never read is told as a failure.
		await page.getByText('Nothing waits for you.').waitFor()
		await page.evaluate('window.sameDocument = true')
		await server.kill('SIGKILL')
		await page.getByText('Reconnecting…').waitFor()
		expect(await page.getByRole('alert').count()).toBe(0)
		await server.restart()
		await call('POST', `${server.url}/v1/approvals`, { json: question })
		await page.getByRole('link', { name: /deploy web/ }).waitFor()
		await page.getByText('Live', { exact: true }).waitFor()
		expect(await page.evaluate('window.sameDocument')).toBe(true)
	})

	test('a server that comes back with another log is read anew', async () => {
		await using server = await startTestServer({ args: ['--ephemeral'] })
		await call('POST', `${server.url}/v1/approvals`, { json: question })
		await using watched = await openPage()
		const { page } = watched
		await page.goto(`${server.url}/console#/approvals`)
		await page.getByRole('link', { name: /deploy web/ }).waitFor()
		await page.getByText('Live', { exact: true }).waitFor()
		await call('POST', `${server.url}/v1/approvals`, { json: { ...question, subject: { type: 'deploy', id: 'api' } } })
		await page.getByRole('link', { name: /deploy api/ }).waitFor()
		await server.restart()
		await page.getByText('Nothing waits for you.').waitFor()
		await call('POST', `${server.url}/v1/approvals`, { json: question })
		await page.getByRole('link', { name: /deploy web/ }).waitFor()
	})
})
