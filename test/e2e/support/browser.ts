import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))

/** Why tests in a browser are skipped; null where there is one. */
export const noBrowser: string | null = CHROMIUM === undefined ? 'chromium is not installed' : null

export interface WatchedPage extends AsyncDisposable {
	readonly page: Page
	/** What the page said on its console as an error, and what it threw. */
	readonly errors: readonly string[]
	/** Everything it asked any server for. */
	readonly asked: readonly string[]
}

/** A page of a browser of its own. No name leads anywhere but the loopback address. */
export async function openPage(options: { readonly width?: number; readonly scheme?: 'light' | 'dark' } = {}): Promise<WatchedPage> {
	const browser: Browser = await chromium.launch({
		executablePath: CHROMIUM ?? '',
		args: ['--no-sandbox', '--disable-dev-shm-usage', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
	})
	const { width = 1280, scheme = 'light' } = options
	const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme })
	page.setDefaultTimeout(15_000)
	const errors: string[] = []
	const asked: string[] = []
	page.on('console', (message) => {
		if (message.type() === 'error') errors.push(message.text())
	})
	page.on('pageerror', (error) => errors.push(error.message))
	page.on('request', (request) => asked.push(request.url()))
	return { page, errors, asked, [Symbol.asyncDispose]: () => browser.close() }
}

/** What keeps somebody from using a page who does not see it or has no mouse; a small part of what axe looks for. */
export function findBarriers(page: Page): Promise<readonly string[]> {
	return page.evaluate(`(() => {
		const found = []
		const nameOf = (element) =>
			element.getAttribute('aria-label') || element.textContent.trim() || element.title ||
			(element.labels?.length ? element.labels[0].textContent.trim() : '') ||
			(element.getAttribute('aria-labelledby') ? 'named elsewhere' : '')
		for (const element of document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]'))
			if (!nameOf(element)) found.push('has no name: ' + element.outerHTML.slice(0, 120))
		for (const element of document.querySelectorAll('[id]'))
			if (document.querySelectorAll('#' + CSS.escape(element.id)).length > 1) found.push('id twice: ' + element.id)
		for (const element of document.querySelectorAll('img')) if (!element.hasAttribute('alt')) found.push('image without alt')
		for (const element of document.querySelectorAll('[tabindex]')) if (element.tabIndex > 0) found.push('order of tabs is forced')
		if (document.querySelectorAll('main').length !== 1) found.push('one main wanted')
		if (document.querySelectorAll('h1').length !== 1) found.push('one h1 wanted, not ' + document.querySelectorAll('h1').length)
		if (!document.documentElement.lang) found.push('no language')
		if (!document.title) found.push('no title')
		if (document.documentElement.scrollWidth > innerWidth) found.push('wider than the window')
		return found
	})()`)
}
