// Compiles src/main.ts: argv is the target, as `bun build --target` has it, and the file.
import { basename } from 'node:path'

const [target = '', outfile = ''] = process.argv.slice(2)
const define = { 'process.env.NODE_ENV': '"production"' }

/**
 * The files of the console, minified, in the place of those that would be bundled as all the rest is: that stays as it is written,
 * because Elysia reads the source text of handlers.
 */
const minifiedConsole: Bun.BunPlugin = {
	name: 'minified console',
	async setup(build) {
		const { outputs } = await Bun.build({ entrypoints: ['src/edge/console/index.html'], target: 'browser', minify: true, define })
		const files = await Promise.all(
			outputs.map(async (file) => ({ name: basename(file.path), type: file.type, bytes: new Uint8Array(await file.arrayBuffer()) })),
		)
		const imports = files.map(({ name }, at) => `import file${at} from ${JSON.stringify(`console:${name}`)}`)
		const listed = files.map(
			({ name, type }, at) => `{ path: file${at}, ...${JSON.stringify({ name, headers: { 'content-type': type } })} }`,
		)
		const index = [...imports, `export default { files: [${listed.join(', ')}] }`].join('\n')
		build.onResolve({ filter: /\/console\/index\.html$/ }, () => ({ path: 'index', namespace: 'console' }))
		build.onResolve({ filter: /^console:/ }, ({ path }) => ({ path: path.slice('console:'.length), namespace: 'console' }))
		build.onLoad({ filter: /./, namespace: 'console' }, ({ path }) => {
			const file = files.find(({ name }) => name === path)
			return file ? { contents: file.bytes, loader: 'file' } : { contents: index, loader: 'js' }
		})
	},
}

await Bun.build({
	entrypoints: ['src/main.ts'],
	...{ target: 'bun', format: 'esm', bytecode: true, sourcemap: 'linked', define },
	compile: { target: target as Bun.Build.CompileTarget, outfile, autoloadDotenv: false, autoloadBunfig: false },
	plugins: [minifiedConsole],
})
