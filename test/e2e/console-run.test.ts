import { describe, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import type { LaunchReply } from '../../src/protocol/task.ts'
import { tempDir } from '../support/temp-dir.ts'
import { call, untilEnded } from './support/api.ts'
import { findBarriers, noBrowser, openPage } from './support/browser.ts'
import { startTestServer } from './support/server.ts'

const MARK = '<img src=x onerror="document.title=\'owned\'">'

const step = (ref: string, value: unknown) => ({
	kind: 'step',
	ref,
	in: { op: 'lit', value },
	out: { op: 'path', at: `$.${ref}` },
})
const shell = (name: string, script: string) => ({
	name,
	kind: 'subprocess',
	spec: { program: '/bin/sh', args: ['-c', script] },
})

/** Waits for the file, so that a test can look at it while it runs. */
const gated = (gate: string) => ({
	id: 'gated',
	flow: { kind: 'seq', children: [step('opening', 'one'), step('held', 'two'), step('closing', MARK)] },
	agents: [
		shell('opening', `printf '"first"'`),
		shell('held', `while [ ! -e ${gate} ]; do sleep 0.05; done; printf '"second"'`),
		shell('closing', 'read -r line; printf \'"%s"\' "<img src=x onerror=alert(1)>"'),
	],
})

const box = (page: Page, title: string) => page.locator('.box').filter({ hasText: title })
const clean = (errors: readonly string[], asked: readonly string[], url: string) => [errors, asked.filter((one) => !one.startsWith(url))]

describe.skipIf(noBrowser !== null)(`in a browser (needs chromium; ${noBrowser ?? 'it is there'})`, () => {
	test('a run is launched from its document, and its graph, timeline and result follow it to the end', async () => {
		using folder = tempDir()
		const gate = `${folder.path}/gate`
		await using server = await startTestServer()
		await using watched = await openPage()
		const { page } = watched
		await page.goto(`${server.url}/console`)
		await page.getByRole('link', { name: 'Launch', exact: true }).click()
		await page.getByLabel('Blueprint').selectOption({ label: 'A document, below' })
		await page.getByLabel('Context').fill('{')
		await page.getByRole('button', { name: 'Launch' }).click()
		await page.getByText('The document has to be a JSON object.').waitFor()
		await page.getByLabel('Document').fill(JSON.stringify(gated(gate)))
		await page.getByLabel('Context').fill('{}')
		await page.getByRole('button', { name: 'Launch' }).click()
		await page.getByRole('heading', { name: 'gated' }).waitFor()
		await box(page, 'opening').getByText('passed').waitFor()
		await box(page, 'held').getByText('running').waitFor()
		expect(await findBarriers(page)).toEqual([])
		await Bun.write(gate, '')
		await box(page, 'closing').getByText('passed').waitFor()
		await page.locator('.page-title').getByText('done').waitFor()
		await box(page, 'closing').click()
		const drawer = page.getByRole('complementary', { name: 'Step' })
		await drawer.getByLabel('Output').getByText('<img src=x onerror=alert(1)>').waitFor()
		await drawer.getByLabel('Input').getByText(MARK).waitFor()
		await drawer.getByText('finished').waitFor()
		await page.getByRole('button', { name: 'Timeline' }).click()
		expect(await page.locator('.timeline li').count()).toBe(3)
		await page.getByRole('button', { name: 'Events' }).click()
		await page.getByText('run.done').waitFor()
		await page.reload()
		await page.getByText('run.done').waitFor()
		await drawer.getByLabel('Close').click()
		await page.getByRole('button', { name: 'Result' }).click()
		await page.getByText('onerror=alert(1)').waitFor()
		expect(await findBarriers(page)).toEqual([])
		expect(await page.title()).toBe('gated · mse-server')
		expect(await page.locator('img').count()).toBe(0)
		expect(clean(watched.errors, watched.asked, server.url)).toEqual([[], []])
	})

	test('a run is paused, resumed, cancelled after a question, and run again from a step', async () => {
		using folder = tempDir()
		await using server = await startTestServer()
		const launch = { blueprint: { kind: 'inline', value: gated(`${folder.path}/gate`) }, init_ctx: {}, detach: true }
		const { body: run } = await call<LaunchReply>('POST', `${server.url}/v1/tasks`, { json: launch })
		await using watched = await openPage({ width: 400, scheme: 'dark' })
		const { page } = watched
		await page.goto(`${server.url}/console#/runs/${run.run_id}`)
		const status = page.locator('.page-title .status')
		await page.getByRole('button', { name: 'Pause' }).click()
		await status.getByText('paused').waitFor()
		await page.getByRole('button', { name: 'Resume' }).click()
		await status.getByText('running').waitFor()
		await page.getByRole('button', { name: 'Cancel', exact: true }).click()
		await page.getByRole('button', { name: 'Leave it' }).click()
		await page.getByRole('button', { name: 'Cancel', exact: true }).click()
		expect(await findBarriers(page)).toEqual([])
		await page.getByRole('button', { name: 'Cancel the run' }).click()
		await status.getByText('cancelled').waitFor()
		await Bun.write(`${folder.path}/gate`, '')
		await box(page, 'held').click()
		await page.getByRole('button', { name: 'Rerun from here' }).click()
		await page.getByRole('button', { name: 'Rerun', exact: true }).click()
		expect((await untilEnded(server.url, run.run_id)).status).toBe('done')
		expect((await untilEnded(server.url, run.run_id)).generation).toBe(2)
		expect(watched.errors).toEqual([])
	})

	test('the list is filtered by status and Blueprint, and keeps its filter over a reload', async () => {
		await using server = await startTestServer({ args: ['--seed-samples'] })
		for (const id of ['hello', 'gate', 'hello'])
			await call('POST', `${server.url}/v1/tasks`, { json: { blueprint: { kind: 'id', id }, init_ctx: {} } })
		await using watched = await openPage()
		const { page } = watched
		await page.goto(`${server.url}/console`)
		await page.getByRole('row').nth(3).waitFor()
		expect(await findBarriers(page)).toEqual([])
		await page.getByLabel('Blueprint').selectOption('gate')
		await page.getByRole('row').nth(2).waitFor({ state: 'detached' })
		await page.reload()
		await page.getByRole('link', { name: /gate/ }).waitFor()
		expect(await page.getByRole('row').count()).toBe(2)
		await page.getByRole('button', { name: 'Failed' }).click()
		await page.getByText('No run fits.').waitFor()
		expect(watched.errors).toEqual([])
	})

	test('a run page goes on by itself after kill -9 and a restart in the middle of the run', async () => {
		using folder = tempDir()
		await using server = await startTestServer()
		const launch = { blueprint: { kind: 'inline', value: gated(`${folder.path}/gate`) }, init_ctx: {}, detach: true }
		const { body: run } = await call<LaunchReply>('POST', `${server.url}/v1/tasks`, { json: launch })
		await using watched = await openPage()
		const { page } = watched
		await page.goto(`${server.url}/console#/runs/${run.run_id}?view=timeline`)
		const held = page.locator('.timeline li').filter({ hasText: 'held' })
		await held.getByText('running').waitFor()
		await page.evaluate('window.sameDocument = true')
		await server.restart()
		await Bun.write(`${folder.path}/gate`, '')
		await page.locator('.page-title').getByText('done').waitFor()
		await page.getByText('Live', { exact: true }).waitFor()
		await held.getByTitle(/attempt 1: lost/).waitFor()
		await held.getByTitle(/attempt 2: finished/).waitFor()
		expect(await page.evaluate('window.sameDocument')).toBe(true)
	})

	test('the form to launch brings the context of the Blueprint along, to be changed', async () => {
		await using server = await startTestServer({ args: ['--seed-samples'] })
		await using watched = await openPage({ width: 400 })
		const { page } = watched
		await page.goto(`${server.url}/console#/runs/new?blueprint=review-loop`)
		await page.getByText('An AI client that joined with the role main-ai').waitFor()
		expect(await page.getByLabel('Context').inputValue()).toContain('Add a --version flag')
		await page.getByLabel('Blueprint').selectOption('hello')
		await page.getByLabel('Context').fill('{"greeting": "good morning"}')
		await page.getByLabel('Detach').uncheck()
		expect(await findBarriers(page)).toEqual([])
		await page.getByRole('button', { name: 'Launch' }).click()
		await page.locator('.page-title').getByText('done').waitFor()
		await page.getByRole('button', { name: 'Result' }).click()
		await page.getByText('"echoed": "good morning"').waitFor()
		expect(watched.errors).toEqual([])
	})

	test('the lanes of a fan-out are one box, and each of them can be looked at', async () => {
		await using server = await startTestServer({ args: ['--seed-samples'] })
		const launch = { blueprint: { kind: 'id', id: 'fan-out' }, init_ctx: {} }
		const { body: run } = await call<LaunchReply>('POST', `${server.url}/v1/tasks`, { json: launch })
		await using watched = await openPage()
		const { page } = watched
		await page.goto(`${server.url}/console#/runs/${run.run_id}`)
		await page.locator('.box.fanout').getByText('20 lanes').waitFor()
		await box(page, '20 passed').press('Enter')
		const drawer = page.getByRole('complementary', { name: 'Step' })
		await drawer.getByText('20 of 20').waitFor()
		await drawer.getByRole('link', { name: 'Before' }).click()
		await drawer.getByText('19 of 20').waitFor()
		await page.keyboard.press('Escape')
		await drawer.waitFor({ state: 'detached' })
		expect(watched.errors).toEqual([])
	})

	test('all runs that fit the filter are cancelled at once, after a question', async () => {
		using folder = tempDir()
		await using server = await startTestServer()
		const launch = { blueprint: { kind: 'inline', value: gated(`${folder.path}/gate`) }, init_ctx: {}, detach: true }
		for (let n = 0; n < 3; n++) await call('POST', `${server.url}/v1/tasks`, { json: launch })
		await using watched = await openPage({ width: 400 })
		const { page } = watched
		await page.goto(`${server.url}/console#/runs?blueprint=gated&status=running`)
		await page.getByText('Do something about all running runs of gated').click()
		await page.getByRole('button', { name: 'Cancel them' }).click()
		await page.getByRole('dialog').getByRole('button', { name: 'Cancel them' }).click()
		await page.getByText('3 runs were cancelled.').waitFor()
		await page.getByText('No run fits.').waitFor()
		expect((await call<{ runs: unknown[] }>('GET', `${server.url}/v1/runs?status=cancelled`)).body.runs).toHaveLength(3)
		expect(watched.errors).toEqual([])
	})

	test('what waits is shown with who has to come and until when, and can be acted on', async () => {
		await using server = await startTestServer({ args: ['--seed-samples'] })
		const join = { roles: ['main-ai'], desc: 'the client on my desk' }
		await call('POST', `${server.url}/v1/operators`, { json: join })
		await call('POST', `${server.url}/v1/tasks`, { json: { blueprint: { kind: 'id', id: 'review-loop' }, init_ctx: {}, detach: true } })
		await call('POST', `${server.url}/v1/approvals`, { json: { subject: { type: 'deploy', id: 'web' }, deadline_ms: 600_000 } })
		await using watched = await openPage()
		const { page } = watched
		await page.goto(`${server.url}/console#/waiting`)
		const requests = page.getByRole('region', { name: 'Operators' })
		await requests.getByText('Work on planner').waitFor()
		await requests.getByText('the client on my desk').waitFor()
		await requests.getByText('away').waitFor()
		expect(await requests.getByText(/23 h \d+ min left/).count()).toBe(1)
		await requests.getByRole('button', { name: 'Send again' }).click()
		await page.getByRole('region', { name: 'Approvals' }).getByText('9 min').waitFor()
		await call('POST', `${server.url}/v1/server/pause`, { json: { reason: 'The disk is being changed.' } })
		await page.getByText('The disk is being changed.').waitFor()
		expect(await findBarriers(page)).toEqual([])
		await page.getByRole('button', { name: 'Resume the server' }).click()
		await page.getByText('The disk is being changed.').waitFor({ state: 'detached' })
		expect(watched.errors).toEqual([])
	})
})
