import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** An empty folder that is gone when the test is. */
export function tempDir(): Disposable & { readonly path: string } {
	const path = mkdtempSync(join(tmpdir(), 'mse-test-'))
	return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}
