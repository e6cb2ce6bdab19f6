import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { tempDir } from '../support/temp-dir.ts'
import { call } from './support/api.ts'
import { findBarriers, noBrowser, openPage } from './support/browser.ts'
import { startTestServer } from './support/server.ts'

const TOKEN = 'a-token-of-these-tests'
/** What is on each page once it is drawn, on a server with the sample Blueprints where nothing happened yet. */
const PAGES = {
	Runs: 'Launch',
	Waiting: 'Nothing waits.',
	Approvals: 'Nothing waits for you.',
	Blueprints: 'review-loop',
	Operators: 'claude on my desk',
	Workers: 'No worker is running.',
	Hive: 'There is no agent yet.',
	Issues: 'Nobody works on issues here.',
	Webhooks: 'Nobody is told.',
	Server: 'Resident memory of the process',
}

describe.skipIf(noBrowser !== null)(`in a browser (needs chromium; ${noBrowser ?? 'it is there'})`, () => {
	test('every page is there behind an admin token, fits a narrow screen, has names for everything, and asks nobody else', async () => {
		using folder = tempDir()
		const env = { HIVE_RUN_DIR: join(folder.path, 'run'), HIVE_STATE_DIR: join(folder.path, 'state') }
		await using server = await startTestServer({ env, args: ['--admin-token', TOKEN, '--seed-samples'] })
		await call('POST', `${server.url}/v1/operators`, { json: { roles: ['main-ai'], desc: 'claude on my desk' }, bearer: TOKEN })
		await using watched = await openPage({ width: 400, scheme: 'dark' })
		const { page } = watched
		await page.goto(`${server.url}/console`)
		await page.getByLabel('Admin token').fill(TOKEN)
		await page.keyboard.press('Enter')
		const nav = page.getByRole('navigation', { name: 'Pages' })
		const found: unknown[] = []
		for (const [title, text] of Object.entries(PAGES)) {
			await nav.getByRole('link', { name: new RegExp(`^${title}`) }).press('Enter')
			await page.getByRole('heading', { name: title, level: 1 }).waitFor()
			await page.getByRole('main').getByText(text).first().waitFor()
			found.push([title, await findBarriers(page), await page.getByRole('alert').allTextContents()])
		}
		expect(found).toEqual(Object.keys(PAGES).map((title) => [title, [], []]))
		expect(await nav.getByRole('link').allTextContents()).toHaveLength(Object.keys(PAGES).length)
		expect(watched.errors.filter((text) => !text.includes('401'))).toEqual([])
		expect(watched.asked.filter((url) => !url.startsWith(server.url))).toEqual([])
	})

	test('on a narrow screen the focus goes along into what was opened, and back', async () => {
		await using server = await startTestServer()
		await call('POST', `${server.url}/v1/issues`, { json: { blueprint_id: 'main', intent: 'be better' } })
		await using watched = await openPage({ width: 400 })
		const { page } = watched
		await page.goto(`${server.url}/console#/issues`)
		await page.getByRole('link', { name: /be better/ }).press('Enter')
		await page.locator('section.split-detail:focus').waitFor()
		await page.getByRole('link', { name: 'All issues' }).press('Enter')
		await page.locator('h1:focus').waitFor()
	})
})
