import { basename } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { MseError } from '../../kernel/error.ts'
import page from '../console/index.html'
import { swarmFailure, swarmRoutes, unknownPath } from './failure.ts'
import { openRoute } from './guard.ts'

/** Everything comes from this server, no script stands in the page, and nobody may frame it. */
const POLICY = ["default-src 'self'", "base-uri 'none'", "object-src 'none'", "form-action 'none'", "frame-ancestors 'none'"].join('; ')

const HEADERS = {
	'content-security-policy': POLICY,
	'x-content-type-options': 'nosniff',
	'referrer-policy': 'no-referrer',
	vary: 'accept-encoding',
}

const compress = promisify(gzip)
const detail = { hide: true, ...openRoute }

/**
 * The web console at `/console`, and the way there for browsers that ask for `/`. The files are public and hold nothing of the
 * server's; what they show comes over the API, which is guarded. Names of files have a hash of what is in them.
 */
export function consolePages() {
	let loading: Promise<ReadonlyMap<string, ConsoleFile>> | undefined
	const files = () => {
		loading ??= loadFiles()
		return loading
	}
	const file = async (name: string, request: Request): Promise<Response> => {
		const found = (await files()).get(name)
		return found ? answer(found, request) : swarmFailure(unknownPath(`/console/${name}`))
	}
	return swarmRoutes('console')
		.get('/', ({ request }) => home(request), { detail })
		.get('/console', ({ request }) => file('', request), { detail })
		.get('/console/', ({ request }) => file('', request), { detail })
		.get('/console/:file', ({ request, params }) => file(params.file, request), { detail })
}

interface ConsoleFile {
	readonly bytes: Uint8Array
	readonly zipped: Uint8Array
	readonly type: string
	readonly etag: string
	/** The page itself is asked for again each time; what it names never changes. */
	readonly cache: 'no-cache' | 'public, max-age=31536000, immutable'
}

function home({ headers }: Request): Response {
	if (headers.get('accept')?.includes('text/html')) return new Response(null, { status: 302, headers: { location: '/console' } })
	return swarmFailure(unknownPath('/'))
}

function answer({ bytes, zipped, type, etag, cache }: ConsoleFile, { headers }: Request): Response {
	const common = { ...HEADERS, etag, 'cache-control': cache }
	if (headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers: common })
	const isZipped = headers.get('accept-encoding')?.includes('gzip') ?? false
	const encoding: Record<string, string> = isZipped ? { 'content-encoding': 'gzip' } : {}
	return new Response(isZipped ? zipped : bytes, { headers: { ...common, ...encoding, 'content-type': type } })
}

/** By name; the page has none. In the binary they lie ready, from source they are bundled when they are first asked for. */
async function loadFiles(): Promise<ReadonlyMap<string, ConsoleFile>> {
	const bundled = page.files ? await embedded(page.files) : await built(page.index)
	const names = bundled.map(({ name }) => name)
	const files = bundled.map(async ({ name, type, bytes }) => {
		const isPage = name.endsWith('.html')
		const content = isPage ? withOwnPaths(bytes, names) : bytes
		const etag = `"${Bun.hash(content).toString(16)}"`
		const cache = isPage ? 'no-cache' : 'public, max-age=31536000, immutable'
		return [isPage ? '' : name, { bytes: content, zipped: await compress(content), type, etag, cache } satisfies ConsoleFile] as const
	})
	return new Map(await Promise.all(files))
}

interface Bundled {
	readonly name: string
	readonly type: string
	readonly bytes: Uint8Array<ArrayBuffer>
}

/** `name` is there where the build has minified them by itself; `path` is then one of the binary's own. */
interface Embedded {
	readonly path: string
	readonly name?: string
	readonly headers: { readonly 'content-type': string }
}

function embedded(files: readonly Embedded[]): Promise<Bundled[]> {
	return Promise.all(
		files.map(async ({ path, name = basename(path), headers }) => ({
			...{ name, type: headers['content-type'], bytes: await Bun.file(path).bytes() },
		})),
	)
}

async function built(entry: string): Promise<Bundled[]> {
	const define = { 'process.env.NODE_ENV': '"production"' }
	const { outputs, success, logs } = await Bun.build({ entrypoints: [entry], target: 'browser', minify: true, define })
	if (!success) throw new MseError('internal', 'The console could not be bundled.', { cause: new AggregateError(logs) })
	return Promise.all(
		outputs.map(async (file) => ({ name: basename(file.path), type: file.type, bytes: new Uint8Array(await file.arrayBuffer()) })),
	)
}

/** The page with the addresses at which we serve its files. */
function withOwnPaths(html: Uint8Array, names: readonly string[]): Uint8Array<ArrayBuffer> {
	const text = new TextDecoder().decode(html)
	const owned = text.replaceAll(/(src|href)="\.?\/([^"]+)"/g, (all, attribute, name) =>
		names.includes(name) ? `${attribute}="/console/${name}"` : all,
	)
	return new TextEncoder().encode(owned)
}
