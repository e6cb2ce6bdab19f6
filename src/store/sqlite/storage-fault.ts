/** A fault of the disk or the file, which spoils the whole transaction; anything else spoils one change. */
export function isStorageFault(error: unknown): boolean {
	const code = (error as { code?: unknown }).code
	return typeof code === 'string' && /^SQLITE_(FULL|IOERR|READONLY|BUSY|CORRUPT|CANTOPEN|NOMEM)/.test(code)
}
