// Files that are read as they are; when compiled they are inside the binary.

declare module 'wasmoon/dist/glue.wasm' {
	/** Path of the file. */
	const path: string

	// biome-ignore lint/style/noDefaultExport: it is how a file import is read
	export { path as default }
}

declare module '*.lua' {
	/** The file's text. */
	const text: string

	// biome-ignore lint/style/noDefaultExport: it is how a text import is read
	export { text as default }
}
