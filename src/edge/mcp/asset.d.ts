declare module '*.md' {
	/** The file's text. */
	const text: string

	// biome-ignore lint/style/noDefaultExport: it is how a text import is read
	export { text as default }
}
