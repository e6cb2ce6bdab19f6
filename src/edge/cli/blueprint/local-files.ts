import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import { MseError } from '../../../kernel/error.ts'
import type { BlueprintFiles } from '../../mcp/blueprint-file.ts'
import { readTextFile } from '../text-file.ts'
import type { BlueprintSource } from './source.ts'

/** Blueprints below a folder, for a process that lives long: a module is run anew each time. */
export function localFiles(folder: string, read: (file: string) => Promise<BlueprintSource>): BlueprintFiles {
	return {
		async read(path) {
			const file = below(folder, path)
			forgetModules(folder)
			const { document, warnings } = await read(file)
			return { document, warnings }
		},
		text: async (path) => readTextFile(below(folder, path)) ?? null,
		async write(path, text) {
			const file = below(folder, path)
			mkdirSync(dirname(file), { recursive: true })
			writeNew(file, path, text)
		},
	}
}

/** Never outside, as in mlua-swarm 0.26.0. */
function below(folder: string, path: string): string {
	if (!isAbsolute(path) && !path.split(/[/\\]/).includes('..')) return resolve(folder, path)
	throw new MseError('invalid', `"${path}" is not below the working folder ${folder}.`, {
		code: 'invalid_params',
		hint: 'Give a relative path without "..".',
	})
}

function forgetModules(folder: string): void {
	for (const file of Object.keys(require.cache))
		if (file.startsWith(`${folder}/`) && !file.includes('/node_modules/')) delete require.cache[file]
}

function writeNew(file: string, path: string, text: string): void {
	try {
		writeFileSync(file, text, { flag: 'wx' })
	} catch (thrown) {
		if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown
		throw new MseError('conflict', `${path} is there already.`, { code: 'file_exists', hint: 'Name another file, or delete it first.' })
	}
}
