import { isAbsolute } from 'node:path'
import { MseError } from '../../kernel/error.ts'
import { isInside } from '../../kernel/real-path.ts'
import type { AgentContext } from '../dispatch/backend.ts'
import { toText } from './text.ts'

/** Files on this machine that workers submit by path. */
export interface SubmittedFiles {
	/** The path with every link followed; null when nothing is there. */
	realPath(path: string): Promise<string | null>
	/** A regular file's bytes; the path is a real one. Throws `too_large` above `limit`, `malformed` for anything else. */
	read(realPath: string, limit: number): Promise<Uint8Array>
}

const PREFIX = '@file:'

/** Files may not be larger, whatever bodies may (mlua-swarm 0.26.0). */
export const SUBMITTED_FILE_BYTES = 2 * 1024 * 1024

/**
 * A body `@file:<absolute path>` is replaced by that file's text; other bodies stay (mlua-swarm 0.9.2). The agent's
 * context must say `allow_file_submit: true`, and the file must really lie under its `work_dir`.
 */
export async function resolveSentinel(text: string, context: AgentContext, files: SubmittedFiles, limit: number): Promise<string> {
	if (!text.startsWith(PREFIX)) return text
	const path = requirePath(text.slice(PREFIX.length).trim())
	const workDir = requireWorkDir(context)
	const root = await files.realPath(workDir)
	const real = await files.realPath(path)
	if (real === null && isInside(workDir, path))
		throw new MseError('not_found', `file submit: ${path} does not exist`, { code: 'file_not_found' })
	if (real === null || root === null || !isInside(root, real)) throw refused(`${path} is not under the work_dir ${workDir}`)
	return toText(await files.read(real, limit))
}

function requirePath(path: string): string {
	if (path === '') throw refused('the path after @file: is empty')
	if (/[\r\n]/.test(path)) throw refused('the body must be the one line @file:<absolute path>')
	if (path.includes('\0') || !isAbsolute(path)) throw refused(`the path must be absolute (got ${JSON.stringify(path)})`)
	return path
}

function requireWorkDir(context: AgentContext): string {
	if (context.extra?.allow_file_submit !== true) throw refused('the agent\'s context does not say "allow_file_submit": true')
	if (context.work_dir === undefined) throw refused('the run has no work_dir')
	return context.work_dir
}

function refused(why: string): MseError {
	return new MseError('malformed', `file submit refused: ${why}`, { code: 'file_submit_refused' })
}
