import { describe, expect, test } from 'bun:test'
import { better, patchOf, target } from '../core/enhance/support.ts'
import { call } from './support/api.ts'
import { findBarriers, noBrowser, openPage } from './support/browser.ts'
import { httpWorker, joinOperator } from './support/operator.ts'
import { startTestServer } from './support/server.ts'

describe.skipIf(noBrowser !== null)(`in a browser (needs chromium; ${noBrowser ?? 'it is there'})`, () => {
	test('an issue is posted, rejected with its verdicts, tried again and leads to a change', async () => {
		await using server = await startTestServer({ args: ['--enable-enhance-flow'] })
		const { url } = server
		await call('POST', `${url}/v1/blueprints/greeter`, { json: target })
		let patch = patchOf({ op: 'replace', path: '/flow/ref', value: 'nobody' })
		await using _operator = await joinOperator({ url, work: httpWorker(url, () => JSON.stringify(patch)) })
		await using watched = await openPage()
		const { page } = watched
		await page.goto(`${url}/console#/issues`)
		await page.getByText('Nobody wished for anything yet.').waitFor()
		await page.getByRole('button', { name: 'New issue' }).click()
		expect(await findBarriers(page)).toEqual([])
		await page.getByLabel('Blueprint', { exact: true }).fill('greeter')
		await page.getByLabel('What shall become of it').fill('greet <em>twice</em>')
		await page.getByRole('button', { name: 'Post' }).click()
		const pane = page.getByRole('region', { name: /^Issue / })
		await pane.getByRole('heading', { name: 'greet <em>twice</em>' }).waitFor()
		await pane.getByText('rejected', { exact: true }).waitFor()
		await pane.getByText('compile', { exact: true }).waitFor()
		await pane.getByText('deny', { exact: true }).first().waitFor()
		expect(await findBarriers(page)).toEqual([])
		await page.getByRole('button', { name: 'Log' }).click()
		await page.getByRole('link', { name: /verdicts pass/ }).click()
		patch = better
		await pane.getByRole('button', { name: 'Try again' }).click()
		await pane.getByText('applied', { exact: true }).waitFor()
		await pane.getByText('because', { exact: true }).waitFor()
		await pane
			.getByRole('definition')
			.filter({ hasText: /^[0-9a-f]{12}$/ })
			.getByRole('link')
			.click()
		await page.getByText('+        "system_prompt": "Say hello twice."').waitFor()
		expect(watched.errors).toEqual([])
	})

	test('where nobody works on issues, that is said, and a post stays pending', async () => {
		await using server = await startTestServer()
		await call('POST', `${server.url}/v1/issues`, { json: { blueprint_id: 'main', intent: 'be better' } })
		await using watched = await openPage({ width: 400, scheme: 'dark' })
		await watched.page.goto(`${server.url}/console#/issues`)
		await watched.page.getByText('Nobody works on issues here.').waitFor()
		await watched.page
			.getByRole('link', { name: /be better/ })
			.getByText('pending')
			.waitFor()
		expect(await findBarriers(watched.page)).toEqual([])
	})
})
