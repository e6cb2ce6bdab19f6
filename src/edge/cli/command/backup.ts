import { resolve } from 'node:path'
import { type Config, loadConfig } from '../../../config.ts'
import type { Command, Invocation } from '../command.ts'
import { EXIT, usageError } from '../exit-code.ts'
import { isOn } from '../flag.ts'
import { readTextFile } from '../text-file.ts'

/** What is done with a data directory as a whole; no server is asked. */
export interface DataDirWork {
	backUp(dataDir: string, file: string): { readonly files: number; readonly schema: number }
	restore(file: string, dataDir: string): { readonly files: number; readonly schema: number }
	schemaStatus(dataDir: string): { readonly has: number; readonly wants: number }
	/** Brings it to the schema of this release; refuses a directory that a server has open. */
	migrate(dataDir: string): void
}

const flags = [
	{ name: 'data-dir', placeholder: 'DIR', doc: 'data directory (default ~/.mse/data)' },
	{ name: 'config', placeholder: 'PATH', doc: 'file to read (default ~/.mse/config.toml)' },
]

export function backupCommand({ backUp }: DataDirWork): Command {
	return {
		name: 'backup',
		summary: 'Write a data directory to one file, while its server runs or not',
		usage: 'FILE [--data-dir DIR]',
		positionals: 1,
		flags,
		details:
			'mse-server backup today.mse\nThe file is new, complete and consistent: everything that was acknowledged when the command began.',
		async run(invocation) {
			const file = fileOf(invocation)
			const { dataDir } = configOf(invocation)
			const { files } = backUp(dataDir, file)
			invocation.out(`${file} holds ${dataDir} with ${files} files of its own\n`)
			return EXIT.done
		},
	}
}

export function restoreCommand({ restore }: DataDirWork): Command {
	return {
		name: 'restore',
		summary: 'Make a data directory of a backup',
		usage: 'FILE [--data-dir DIR]',
		positionals: 1,
		flags,
		details: 'mse-server restore today.mse --data-dir ~/restored\nThe directory has to be new or empty.',
		async run(invocation) {
			const { dataDir } = configOf(invocation)
			restore(fileOf(invocation), dataDir)
			invocation.out(`${dataDir} is restored; start it with mse-server serve --data-dir ${dataDir}\n`)
			return EXIT.done
		},
	}
}

export function migrateCommand(work: DataDirWork): Command {
	return {
		name: 'migrate',
		summary: 'Bring a data directory to the schema of this release, or say whether it has it',
		usage: '[--check] [--data-dir DIR]',
		positionals: 0,
		flags: [{ name: 'check', placeholder: null, doc: 'change nothing; exit code 1 when there is something to do' }, ...flags],
		details: 'The server does the same when it starts. There is no way back: make a backup first.',
		async run(invocation) {
			const { dataDir } = configOf(invocation)
			const { has, wants } = work.schemaStatus(dataDir)
			if (!isOn(invocation.flags, 'check') && has < wants) work.migrate(dataDir)
			const isDone = !isOn(invocation.flags, 'check') && has <= wants
			invocation.out(`${dataDir} ${isDone ? 'is at' : 'has'} schema ${isDone ? wants : has}; this release has ${wants}\n`)
			return isDone || has === wants ? EXIT.done : EXIT.refused
		},
	}
}

function configOf({ flags: given, env }: Invocation): Config {
	return loadConfig({ flags: new Map([...given].filter(([name]) => name !== 'check')), env, readFile: readTextFile })
}

function fileOf({ positionals }: Invocation): string {
	const [file] = positionals
	if (file === undefined) throw usageError('Name the file of the backup.')
	return resolve(file)
}
