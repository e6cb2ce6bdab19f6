import { describe, expect, test } from 'bun:test'
import { call } from './support/api.ts'
import { findBarriers, noBrowser, openPage } from './support/browser.ts'
import { startTestServer } from './support/server.ts'

const document = {
	id: 'for-main',
	flow: { kind: 'step', ref: 'writer', in: { op: 'lit', value: 'write it' }, out: { op: 'path', at: '$.text' } },
	agents: [{ name: 'writer', kind: 'operator', spec: { operator_ref: 'main' } }],
	operators: [{ name: 'main' }],
}

describe.skipIf(noBrowser !== null)(`in a browser (needs chromium; ${noBrowser ?? 'it is there'})`, () => {
	test('a step that waits for an operator is given to one, sent again, and waits for somebody else once that one is gone', async () => {
		await using server = await startTestServer()
		await using watched = await openPage()
		const { page } = watched
		await page.goto(`${server.url}/console#/operators`)
		await page.getByText('No operator is here.').waitFor()
		await call('POST', `${server.url}/v1/operators`, { json: { roles: ['helper'], desc: '<b>my desk</b>' } })
		await page.getByRole('link', { name: /<b>my desk<\/b>/ }).waitFor()
		const launch = { blueprint: { kind: 'inline', value: document }, init_ctx: {}, detach: true }
		await call('POST', `${server.url}/v1/tasks`, { json: launch })
		const vacant = page.getByRole('region', { name: 'Vacant seats' })
		expect(await findBarriers(page)).toEqual([])
		await vacant.getByLabel('Who answers for main').selectOption('<b>my desk</b>')
		await vacant.getByRole('button', { name: 'Give' }).click()
		await vacant.waitFor({ state: 'detached' })
		await page.getByRole('link', { name: /1 waiting/ }).click()
		const pane = page.getByRole('region', { name: /Operator S-/ })
		await pane.getByRole('link', { name: 'Work on writer' }).waitFor()
		await pane.getByText('held', { exact: true }).waitFor()
		expect(await findBarriers(page)).toEqual([])
		await pane.getByRole('button', { name: /Send again/ }).click()
		await pane.getByRole('button', { name: 'Send again' }).waitFor()
		await pane.getByRole('button', { name: 'End the session' }).click()
		await pane.getByRole('button', { name: 'End it' }).click()
		await vacant.waitFor()
		expect(watched.errors.filter((text) => !text.includes('404'))).toEqual([])
	})
})
