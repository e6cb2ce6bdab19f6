// The two files of minijinja-js that template.ts uses; the package declares types for its entry points only.

declare module 'minijinja-js/dist/bundler/minijinja_js_bg.wasm' {
	/** Path of the file; inside the binary when compiled. */
	const path: string

	// biome-ignore lint/style/noDefaultExport: it is how a file import is read
	export { path as default }
}

declare module 'minijinja-js/dist/bundler/minijinja_js_bg.js' {
	export function __wbg_set_wasm(exports: WebAssembly.Exports): void
	export class Environment {
		free(): void
		addTemplate(name: string, source: string): void
		renderStr(source: string, slots: unknown): string
		undefinedBehavior: 'strict' | 'chainable' | 'lenient' | 'semi_strict'
		fuel: number | undefined
		keepTrailingNewline: boolean
	}
}
