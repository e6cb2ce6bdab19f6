import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { tempDir } from '../../support/temp-dir.ts'

/** The checkout these tests belong to. */
export const CHECKOUT = join(import.meta.dir, '../../..')

/** The compiled binary under test: `MSE_BINARY`, else what `scripts/build` leaves. */
export function binaryPath(): string {
	const path = Bun.env.MSE_BINARY ?? join(CHECKOUT, 'dist/mse-server')
	if (!existsSync(path)) throw new Error(`${path} is not built; run scripts/build`)
	return path
}

/** Nothing of the tests' own environment; a hive has its sockets below `home`. */
export function bareEnvironment(home: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
	return {
		HOME: home,
		PATH: '/usr/local/bin:/usr/bin:/bin',
		HIVE_RUN_DIR: join(home, 'hive'),
		HIVE_STATE_DIR: join(home, 'hive-state'),
		...more,
	}
}

export interface Ended {
	readonly code: number
	readonly stdout: string
	readonly stderr: string
}

export interface RunOptions {
	readonly binary?: string
	readonly env?: Readonly<Record<string, string>>
	readonly stdin?: string
	/** Files of the folder, which is also HOME. */
	readonly files?: Readonly<Record<string, string>>
}

/** Runs the binary to its end from an empty folder with an empty environment. */
export async function runBinary(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
	using home = tempDir()
	for (const [name, text] of Object.entries(options.files ?? {})) await Bun.write(join(home.path, name), text)
	const child = Bun.spawn([options.binary ?? binaryPath(), ...args], {
		cwd: home.path,
		env: bareEnvironment(home.path, options.env),
		stdin: new TextEncoder().encode(options.stdin ?? ''),
		stdout: 'pipe',
		stderr: 'pipe',
	})
	const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
	return { code, stdout, stderr }
}
