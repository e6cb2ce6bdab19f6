import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The compiled binary, serving. */
export interface BenchServer extends AsyncDisposable {
	readonly url: string
	readonly pid: number
	/** `Date.now()` just before the process was started. */
	readonly startedAt: number
	/** Milliseconds from there to its first answer on `/v1/healthz`. */
	readonly healthyAfterMs: number
	/** Ends it at once, as a power cut would. */
	kill(): Promise<void>
}

export async function startServer(binary: string, dataDir: string): Promise<BenchServer> {
	const startedAt = Date.now()
	const from = performance.now()
	const child = Bun.spawn([binary, 'serve', '--bind', '127.0.0.1:0', '--data-dir', dataDir], {
		env: {
			HOME: dataDir,
			PATH: '/usr/local/bin:/usr/bin:/bin',
			HIVE_RUN_DIR: join(dataDir, 'hive'),
			HIVE_STATE_DIR: join(dataDir, 'hive-state'),
		},
		stdin: 'ignore',
		stdout: 'pipe',
		stderr: 'ignore',
	})
	const url = await said(child.stdout, /listening on (\S+)/)
	await fetch(`${url}/v1/healthz`).then((answer) => answer.text())
	const healthyAfterMs = performance.now() - from
	const kill = async (): Promise<void> => {
		child.kill('SIGKILL')
		await child.exited
	}
	return { url, pid: child.pid, startedAt, healthyAfterMs, kill, [Symbol.asyncDispose]: kill }
}

/** A script of this folder as a process of its own. */
export async function startScript(path: string, args: readonly string[]): Promise<AsyncDisposable & { readonly url: string }> {
	const child = Bun.spawn([process.execPath, path, ...args], { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' })
	const url = await said(child.stdout, /listening on (\S+)/)
	return {
		url,
		async [Symbol.asyncDispose]() {
			child.kill('SIGKILL')
			await child.exited
		},
	}
}

/** Runs a script of this folder to its end; what it wrote is JSON. */
export async function runScript<T>(path: string, input: unknown): Promise<T> {
	const child = Bun.spawn([process.execPath, path, JSON.stringify(input)], { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' })
	const [text, code] = await Promise.all([child.stdout.text(), child.exited])
	if (code !== 0) throw new Error(`${path} ended with ${code}`)
	return JSON.parse(text) as T
}

/** Resident megabytes of a process, where there is a /proc. */
export function residentMb(pid: number): number {
	const kb = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
	return Number(kb) / 1024
}

async function said(stream: ReadableStream<Uint8Array>, pattern: RegExp): Promise<string> {
	let text = ''
	const decoder = new TextDecoder()
	for await (const chunk of stream) {
		text += decoder.decode(chunk, { stream: true })
		const found = pattern.exec(text)?.[1]
		if (found !== undefined) return found
	}
	throw new Error(`a process ended before it listened; it said: ${text}`)
}
