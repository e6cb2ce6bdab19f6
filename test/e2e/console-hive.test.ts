import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { tempDir } from '../support/temp-dir.ts'
import { binaryPath, runBinary } from './support/binary.ts'
import { findBarriers, noBrowser, openPage } from './support/browser.ts'
import { startTestServer } from './support/server.ts'

/** What an agent does that is told something: it says it in capitals to whoever is the operator. */
const SHOUT = 'while m=$("$MSE" hive recv --wait 60); do [ -n "$m" ] && "$MSE" hive send operator "$(echo "$m" | tr a-z A-Z)"; done'
const config = `[hive.defaults]
argv = ["sh", "-c", ${JSON.stringify(`echo ready; ${SHOUT}`)}]
env = { MSE = ${JSON.stringify(binaryPath())} }
`

async function hiveWorld() {
	const folder = tempDir()
	const env = { HIVE_RUN_DIR: join(folder.path, 'run'), HIVE_STATE_DIR: join(folder.path, 'state') }
	const server = await startTestServer({ env, args: ['--hive-start-grace-ms', '50'], config })
	return {
		url: server.url,
		async [Symbol.asyncDispose]() {
			await runBinary(['hive', 'kill', 'alice'], { env })
			await server[Symbol.asyncDispose]()
			folder[Symbol.dispose]()
		},
	}
}

describe.skipIf(noBrowser !== null)(`in a browser (needs chromium; ${noBrowser ?? 'it is there'})`, () => {
	test('a person makes an agent, writes to it, reads its answer, and ends it', async () => {
		await using world = await hiveWorld()
		await using watched = await openPage()
		const { page } = watched
		await page.goto(`${world.url}/console#/hive`)
		await page.getByRole('button', { name: 'New agent' }).click()
		await page.getByLabel('Name of the agent').fill('Alice!')
		await page.keyboard.press('Enter')
		await page.getByRole('alert').getByText('invalid agent name').waitFor()
		await page.getByLabel('Name of the agent').fill('alice')
		await page.getByRole('button', { name: 'Start it' }).click()
		const pane = page.getByRole('region', { name: 'Agent alice' })
		await pane.getByText('running', { exact: true }).waitFor()
		expect(await findBarriers(page)).toEqual([])
		await pane.getByLabel('Write to alice').fill('<img src=x onerror="document.title=1"> hello')
		await page.keyboard.press('Control+Enter')
		await pane.getByText('<img src=x onerror="document.title=1"> hello').waitFor()
		await page.getByRole('link', { name: /Your inbox/ }).click()
		await page.getByText('<IMG SRC=X ONERROR="DOCUMENT.TITLE=1"> HELLO').waitFor()
		await page.getByRole('button', { name: 'Mark all as read' }).click()
		await page.getByRole('button', { name: 'Mark all as read' }).waitFor({ state: 'detached' })
		await page.getByRole('link', { name: /alice/ }).first().click()
		await pane.getByRole('button', { name: 'Pause' }).click()
		await pane.getByText('paused', { exact: true }).waitFor()
		await pane.getByRole('button', { name: 'Destroy' }).click()
		await page.keyboard.press('Escape')
		await pane.getByText('End alice for good?').waitFor({ state: 'hidden' })
		await pane.getByRole('button', { name: 'Destroy' }).click()
		await pane.getByRole('button', { name: 'Destroy it' }).click()
		await page.getByText('Folders kept of an agent that is gone').click()
		await page.getByRole('link', { name: 'alice' }).click()
		await page.getByRole('button', { name: 'Delete its folders' }).click()
		await page.getByRole('button', { name: 'Delete them' }).click()
		await page.getByText('There is no agent yet.').waitFor()
		expect(await page.title()).toBe('Hive · mse-server')
		expect(watched.errors.filter((text) => !/4\d\d/.test(text))).toEqual([])
		expect(watched.asked.filter((url) => !url.startsWith(world.url))).toEqual([])
	})

	test('a server without a hive says how to get one', async () => {
		await using server = await startTestServer({ args: ['--hive-enabled', 'false'] })
		await using watched = await openPage({ width: 400, scheme: 'dark' })
		await watched.page.goto(`${server.url}/console#/hive`)
		await watched.page.getByText('This server has no hive.').waitFor()
		expect(await findBarriers(watched.page)).toEqual([])
		for (const [place, shown] of [
			['runs', 'Nothing ran yet.'],
			['hive/operator', 'This server has no hive.'],
			['hive/alice', 'This server has no hive.'],
		]) {
			await watched.page.goto(`${server.url}/console#/${place}`)
			await watched.page.reload()
			await watched.page.getByText(shown ?? '').waitFor()
		}
		expect([watched.asked.filter((url) => url.includes('/v1/hive')), watched.errors]).toEqual([[], []])
	})
})
