import { expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { tempDir } from '../support/temp-dir.ts'
import { startTestServer } from './support/server.ts'

const BROWSER = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))
/** Rather than a name server, so that a page which asks for anything else is found out. */
const OWN_HOST_ONLY = 'MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'

test('the binary serves the page of the API and all it loads, and nothing of it lies elsewhere', async () => {
	await using server = await startTestServer()
	const page = await (await fetch(`${server.url}/swagger`)).text()
	const loads = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path).filter((path) => !path.startsWith('data:'))
	expect(loads).toEqual(['/swagger/ui.css', '/swagger/ui.js', '/swagger/start.js'])
	for (const path of [...loads, '/swagger/json']) {
		const answer = await fetch(server.url + path)
		expect([path, answer.status, (await answer.text()).length > 300]).toEqual([path, 200, true])
	}
	expect(await (await fetch(`${server.url}/swagger/ui.css`)).text()).not.toMatch(/(?:@import|url\()\s*['"]?https?:/)
})

test.skipIf(BROWSER === undefined)(`a browser shows the page without asking for anything elsewhere (needs chromium)`, async () => {
	await using server = await startTestServer()
	using home = tempDir()
	const flags = [
		'--headless',
		'--no-sandbox',
		'--disable-gpu',
		'--disable-dev-shm-usage',
		'--disable-background-networking',
		'--no-first-run',
		// The page draws only what is in sight.
		'--window-size=1280,30000',
	]
	const network = `${home.path}/net.json`
	const browser = Bun.spawn(
		[
			BROWSER ?? '',
			...flags,
			`--user-data-dir=${home.path}/profile`,
			`--host-resolver-rules=${OWN_HOST_ONLY}`,
			`--log-net-log=${network}`,
			'--virtual-time-budget=10000',
			'--dump-dom',
			`${server.url}/swagger`,
		],
		{ env: { HOME: home.path, PATH: '/usr/bin:/bin' }, stdout: 'pipe', stderr: 'ignore' },
	)
	const [dom] = await Promise.all([browser.stdout.text(), browser.exited])
	expect(dom).toContain('Launches a Blueprint')
	expect(dom.match(/class="opblock /g)?.length ?? 0).toBeGreaterThan(70)
	const asked = [...new Set([...(await Bun.file(network).text()).matchAll(/"url":"(https?:\/\/[^"]+)"/g)].map(([, url = '']) => url))]
	expect(asked.filter((url) => url.startsWith(`${server.url}/swagger`)).length).toBeGreaterThan(3)
	expect(asked.filter((url) => !url.startsWith(server.url) && !isOfTheBrowser(url))).toEqual([])
})

/** What chromium asks its maker on its own account, with no page involved. */
function isOfTheBrowser(url: string): boolean {
	return /^https?:\/\/[\w.-]*(?:google|googleapis|gvt1|gstatic|chromium)\.(?:com|org)\//.test(url)
}
