// The files of swagger-ui-dist that the page is made of, which has no types for them.

declare module 'swagger-ui-dist/swagger-ui-bundle.js' {
	/** Path of the file; inside the binary when compiled. */
	const path: string

	// biome-ignore lint/style/noDefaultExport: it is how a file import is read
	export { path as default }
}

declare module 'swagger-ui-dist/swagger-ui.css' {
	/** Path of the file; inside the binary when compiled. */
	const path: string

	// biome-ignore lint/style/noDefaultExport: it is how a file import is read
	export { path as default }
}
