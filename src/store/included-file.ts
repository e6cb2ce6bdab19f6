import type { IncludedFiles } from '../core/blueprint/include-cascade.ts'
import { readRegularFile, realPathOf } from './regular-file.ts'

/** Files of this machine, as Blueprints may include them. */
export const includedFiles: IncludedFiles = {
	realPath: realPathOf,
	async read(path, limit) {
		const bytes = await readRegularFile(path, limit)
		if (bytes === 'not_regular') throw new Error('not a regular file')
		if (bytes === 'too_large') throw new Error(`included files have more than the ${limit} bytes that are left of the limit`)
		return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
	},
}
