import { chmodSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempDir } from '../support/temp-dir.ts'

export const CHECKOUT = join(import.meta.dir, '../..')

const SYSTEM_TOOLS = ['bash', 'basename', 'cat', 'dirname', 'env', 'ln', 'mkdir', 'rm', 'sed', 'uname']

export interface ScriptWorld extends Disposable {
	readonly path: string
	/** Puts a program on PATH. */
	program(name: string, script: string): void
	/** Runs a line of bash in which the bootstrap can be sourced. PATH has the programs given and a few tools of the system. */
	bash(line: string): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>
}

/** A checkout with the scripts and no dependencies, on a machine without Bun and Node. */
export function scriptWorld(): ScriptWorld {
	const folder = tempDir()
	const bin = join(folder.path, 'machine')
	const top = join(folder.path, 'checkout')
	mkdirSync(bin)
	for (const tool of SYSTEM_TOOLS) symlinkSync(Bun.which(tool) ?? `/bin/${tool}`, join(bin, tool))
	cpSync(join(CHECKOUT, 'scripts'), join(top, 'scripts'), { recursive: true })
	cpSync(join(CHECKOUT, 'package.json'), join(top, 'package.json'))
	return {
		path: top,
		program(name, script) {
			writeFileSync(join(bin, name), `#!${join(bin, 'bash')}\n${script}\n`)
			chmodSync(join(bin, name), 0o755)
		},
		async bash(line) {
			const child = Bun.spawn([join(bin, 'bash'), '-c', line], { cwd: top, env: { PATH: bin }, stdout: 'pipe', stderr: 'pipe' })
			const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
			return { code, stdout, stderr }
		},
		[Symbol.dispose]: () => folder[Symbol.dispose](),
	}
}
