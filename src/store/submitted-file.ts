import type { SubmittedFiles } from '../core/output/sentinel.ts'
import { MseError } from '../kernel/error.ts'
import { readRegularFile, realPathOf } from './regular-file.ts'

/** Files of this machine, as workers that run on it may submit them. */
export const submittedFiles: SubmittedFiles = {
	realPath: realPathOf,
	async read(path, limit) {
		const bytes = await readRegularFile(path, limit)
		if (bytes === 'not_regular')
			throw new MseError('malformed', `file submit refused: ${path} is not a regular file`, { code: 'file_submit_refused' })
		if (bytes === 'too_large')
			throw new MseError('too_large', `file submit: ${path} has more than ${limit} bytes`, { code: 'file_too_large' })
		return bytes
	},
}
