import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export interface SoakedServer extends AsyncDisposable {
	readonly url: string
	/** Resident memory, in bytes. */
	rss(): number
}

/** The compiled server on a data directory of its own; keeps about `rows` rows of history. */
export async function startSoakedServer(rows: number): Promise<SoakedServer> {
	const place = mkdtempSync(join(tmpdir(), 'mse-soak-'))
	const address = join(place, 'address')
	const kept = ['--retention-sweep-secs', '5', '--limits-retain-rows', String(rows)]
	const argv = [
		'serve',
		'--bind',
		'127.0.0.1:0',
		'--data-dir',
		join(place, 'data'),
		'--address-file',
		address,
		'--hive-run-dir',
		join(place, 'hive'),
		'--hive-state-dir',
		join(place, 'hive-state'),
		'--drain-secs',
		'0',
	]
	const binary = resolve(import.meta.dir, '../../dist/mse-server')
	const child = Bun.spawn([binary, ...argv, '--log-level', 'error', ...kept], { stdout: 'ignore', stderr: 'inherit', cwd: place })
	for (let tries = 0; tries < 400 && !existsSync(address); tries++) await Bun.sleep(25)
	return {
		url: readFileSync(address, 'utf8').trim(),
		rss: () => Number(readFileSync(`/proc/${child.pid}/statm`, 'utf8').split(' ')[1]) * 4096,
		async [Symbol.asyncDispose]() {
			child.kill('SIGTERM')
			await child.exited
			rmSync(place, { recursive: true, force: true })
		},
	}
}
