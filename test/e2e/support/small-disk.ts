import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { tempDir } from '../../support/temp-dir.ts'

/** A disk of its own, in memory. */
export interface SmallDisk extends Disposable {
	readonly path: string
	/** Writes until there is no room. */
	fill(): void
	/** Takes back what `fill` wrote. */
	free(): void
	/** Nothing may have a file of it open for writing. */
	mountReadOnly(): void
}

/** Only root may mount. */
export function canMount(): boolean {
	if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
	try {
		smallDisk(1)[Symbol.dispose]()
		return true
	} catch {
		return false
	}
}

export function smallDisk(mebibytes: number): SmallDisk {
	const folder = tempDir()
	const path = join(folder.path, 'disk')
	mkdirSync(path)
	run('mount', '-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path)
	const filler = join(path, 'filler')
	return {
		path,
		fill: () => fill(filler),
		free: () => rmSync(filler),
		mountReadOnly: () => run('mount', '-o', 'remount,ro', path),
		[Symbol.dispose]() {
			run('umount', '-l', path)
			folder[Symbol.dispose]()
		},
	}
}

function fill(path: string): void {
	const file = openSync(path, 'w')
	const block = new Uint8Array(4096)
	try {
		for (;;) writeSync(file, block)
	} catch (error) {
		if ((error as { code?: unknown }).code !== 'ENOSPC') throw error
	} finally {
		closeSync(file)
	}
}

function run(...argv: string[]): void {
	const { exitCode, stderr } = Bun.spawnSync(argv)
	if (exitCode !== 0) throw new Error(`${argv[0]}: ${stderr.toString().trim()}`)
}
