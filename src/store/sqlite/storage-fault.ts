import { MseError } from '../../kernel/error.ts'

/** A fault of the disk or the file, which spoils the whole transaction; anything else spoils one change. */
export function isStorageFault(error: unknown): boolean {
	const code = (error as { code?: unknown }).code
	return typeof code === 'string' && /^SQLITE_(FULL|IOERR|READONLY|BUSY|CORRUPT|CANTOPEN|NOMEM)/.test(code)
}

/** What every change of a batch rejects with whose COMMIT failed. */
export function storageUnavailable(cause: unknown): MseError {
	return new MseError('unavailable', `The database could not be written: ${cause instanceof Error ? cause.message : cause}.`, {
		code: 'storage_unavailable',
		hint: 'Nothing of this request was kept. Check the disk of the data directory, then try again.',
		cause,
	})
}
