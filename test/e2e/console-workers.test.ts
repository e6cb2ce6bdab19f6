import { describe, expect, test } from 'bun:test'
import { findBarriers, noBrowser, openPage } from './support/browser.ts'
import { startTestServer } from './support/server.ts'

describe.skipIf(noBrowser !== null)(`in a browser (needs chromium; ${noBrowser ?? 'it is there'})`, () => {
	test('a worker is made, talked to, stopped and deleted', async () => {
		await using server = await startTestServer()
		await using watched = await openPage()
		const { page } = watched
		await page.goto(`${server.url}/console#/workers`)
		await page.getByText('No worker is running.').waitFor()
		await page.getByRole('button', { name: 'New worker' }).click()
		expect(await findBarriers(page)).toEqual([])
		await page.getByLabel('Runs with').selectOption('builtin:echo')
		await page.getByLabel('Name').fill('Parrot')
		await page.getByLabel('First message').fill('<i onclick="x">polly</i>')
		await page.getByRole('button', { name: 'Create' }).click()
		const pane = page.getByRole('region', { name: /Worker worker-/ })
		const transcript = pane.getByRole('region', { name: 'Transcript' })
		await transcript.getByText('<i onclick="x">polly</i>').nth(1).waitFor()
		await pane.getByLabel('What it is told next').fill('again')
		await pane.getByRole('button', { name: 'Send' }).click()
		await transcript.getByText('again').nth(1).waitFor()
		expect(await findBarriers(page)).toEqual([])
		await pane.getByRole('button', { name: 'Stop', exact: true }).click()
		await pane.getByText('stopped', { exact: true }).waitFor()
		await page.getByText('No worker is running.').waitFor()
		await page.reload()
		await transcript.getByText('again').nth(1).waitFor()
		await pane.getByRole('button', { name: 'Delete' }).click()
		await pane.getByRole('button', { name: 'Delete it' }).click()
		await pane.waitFor({ state: 'detached' })
		await page.getByRole('button', { name: 'All', exact: true }).click()
		await page.getByText('There are none.').waitFor()
		expect(watched.errors.filter((text) => !text.includes('404'))).toEqual([])
	})
})
