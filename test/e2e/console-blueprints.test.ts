import { describe, expect, test } from 'bun:test'
import { call } from './support/api.ts'
import { findBarriers, noBrowser, openPage } from './support/browser.ts'
import { startTestServer } from './support/server.ts'

const document = (prompt: string) => ({
	id: 'greet',
	flow: { kind: 'step', ref: 'greeter', in: { op: 'lit', value: 'hi' }, out: { op: 'path', at: '$.said' } },
	agents: [{ name: 'greeter', kind: 'operator', spec: { operator_ref: 'main' }, profile: { system_prompt: prompt } }],
	operators: [{ name: 'main' }],
})

describe.skipIf(noBrowser !== null)(`in a browser (needs chromium; ${noBrowser ?? 'it is there'})`, () => {
	test('a Blueprint is drawn, compared with an earlier version, restored and archived', async () => {
		await using server = await startTestServer()
		await using watched = await openPage()
		const { page } = watched
		const path = `${server.url}/v1/blueprints/greet`
		await call('POST', `${path}?message=first`, { json: document('Be kind.') })
		await page.goto(`${server.url}/console#/blueprints`)
		await page.getByRole('link', { name: /^greet/ }).click()
		await page.getByRole('region', { name: 'Flow' }).getByText('greeter').waitFor()
		await call('POST', `${path}?message=second&author=%3Cb%3Eada`, { json: document('<script>alert(1)</script>') })
		await page.getByText('by <b>ada').waitFor()
		expect(await findBarriers(page)).toEqual([])
		await page.getByRole('button', { name: 'Changes' }).click()
		await page.getByText('-        "system_prompt": "Be kind."').waitFor()
		await page.getByText('+        "system_prompt": "<script>alert(1)</script>"').waitFor()
		await page.getByRole('button', { name: 'Agents' }).click()
		await page.getByRole('region', { name: 'What greeter is told' }).getByText('<script>alert(1)</script>').waitFor()
		await page.getByRole('button', { name: 'Check' }).click()
		await page.getByText('nobody has joined for the seat main').waitFor()
		expect(await findBarriers(page)).toEqual([])
		await page.getByRole('button', { name: 'Versions' }).click()
		await page.getByRole('button', { name: 'Restore' }).click()
		await page.getByRole('button', { name: 'Restore it' }).click()
		await page.getByRole('listitem').filter({ hasText: 'restore' }).getByText('head', { exact: true }).waitFor()
		await page.getByRole('button', { name: 'Document' }).click()
		await page.getByText('"Be kind."').waitFor()
		await page.getByRole('button', { name: 'Archive' }).click()
		await page.getByRole('button', { name: 'Archive it' }).click()
		await page.getByRole('button', { name: 'Unarchive' }).click()
		await page.getByRole('link', { name: 'Launch' }).click()
		await page.getByRole('heading', { name: 'Launch a run' }).waitFor()
		expect(watched.errors).toEqual([])
	})

	test('where commits need a yes, restoring asks for one', async () => {
		await using server = await startTestServer({ args: ['--gate-blueprints', 'approval'] })
		await using watched = await openPage({ width: 400, scheme: 'dark' })
		const { page } = watched
		for (const prompt of ['Be kind.', 'Be quick.']) {
			const { body } = await call<{ approval_id: number }>('POST', `${server.url}/v1/blueprints/greet`, { json: document(prompt) })
			await call('POST', `${server.url}/v1/approvals/${body.approval_id}/approve`, { json: { by: 'ada' } })
		}
		await page.goto(`${server.url}/console#/blueprints/greet?view=versions`)
		await page.getByRole('button', { name: 'Restore' }).click()
		expect(await findBarriers(page)).toEqual([])
		await page.getByRole('button', { name: 'Restore it' }).click()
		await page.getByRole('link', { name: 'approval #3' }).click()
		await page.getByRole('heading', { name: 'Change Blueprint greet' }).waitFor()
	})
})
