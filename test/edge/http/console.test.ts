import { expect, test } from 'bun:test'
import { httpWorld } from './support.ts'

const get = (world: ReturnType<typeof httpWorld>, path: string, headers: Record<string, string> = {}) =>
	world.app.handle(new Request(`http://localhost${path}`, { headers }))

test('from source the console is bundled when it is first asked for: a page without inline scripts, and files named by content', async () => {
	await using world = httpWorld({ http: { adminToken: 'secret' } })
	const page = await get(world, '/console')
	expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-cache'])
	expect(page.headers.get('content-security-policy')).toBe(
		"default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'none'; frame-ancestors 'none'",
	)
	const html = await page.text()
	expect(html).not.toMatch(/<script(?![^>]* src=)|<style| on\w+=/)
	const loads = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path)
	const files = await Promise.all(loads.map((path) => get(world, path)))
	expect(files.map(({ status }) => status)).toEqual([200, 200, 200])
	expect(files.every(({ headers }) => headers.get('cache-control') === 'public, max-age=31536000, immutable')).toBe(true)
	const texts = await Promise.all(files.map((file) => file.text()))
	expect(texts.filter((text) => /@import|url\(\s*["']?https?:/.test(text))).toEqual([])
})

test('an unchanged file is 304, a browser that reads gzip gets it, an unknown file is 404', async () => {
	await using world = httpWorld()
	const page = await get(world, '/console')
	const etag = page.headers.get('etag') ?? ''
	expect((await get(world, '/console', { 'if-none-match': etag })).status).toBe(304)
	const zipped = await get(world, '/console', { 'accept-encoding': 'gzip, br' })
	expect(zipped.headers.get('content-encoding')).toBe('gzip')
	expect(new TextDecoder().decode(Bun.gunzipSync(new Uint8Array(await zipped.arrayBuffer())))).toBe(await page.text())
	const unknown = await get(world, '/console/chunk-0.js')
	expect([unknown.status, await unknown.json()]).toMatchObject([404, { code: 'unknown_path' }])
})

test('a page at another name may not ask for it, and only browsers are sent there from /', async () => {
	await using world = httpWorld()
	expect((await get(world, '/console', { host: 'evil.example' })).status).toBe(403)
	const browser = await get(world, '/', { accept: 'text/html' })
	expect([browser.status, browser.headers.get('location')]).toEqual([302, '/console'])
	for (const path of ['/console/', '/swagger/']) expect((await get(world, path)).status).toBe(200)
	const program = await get(world, '/')
	expect([program.status, await program.json()]).toMatchObject([404, { code: 'unknown_path' }])
})
