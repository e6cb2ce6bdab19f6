import { existsSync, readFileSync, watch } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '../../support/eventually.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { bareEnvironment, binaryPath } from './binary.ts'

const START_MS = 15_000

export interface ServerOptions {
	/** More flags of `serve`; without any, a stop does not wait for attempts. */
	readonly args?: readonly string[]
	readonly env?: Readonly<Record<string, string>>
	/** Text of its config file. */
	readonly config?: string
	/** A data directory of one's own; otherwise one that is gone with the server. */
	readonly dataDir?: string
	readonly binary?: string
}

export interface TestServer extends AsyncDisposable {
	/** The same after a restart. */
	readonly url: string
	readonly dataDir: string
	/** Of the process that runs now. */
	readonly pid: number
	/** What all its processes wrote so far. */
	readonly stdout: string
	readonly stderr: string
	/** Sends a signal and waits for the end: the exit code, or the signal that ended it. */
	kill(signal: NodeJS.Signals): Promise<number | NodeJS.Signals>
	/** Resolves when the process that runs now has ended. */
	readonly ended: Promise<unknown>
	/** Starts it again on the same data and the same port; kills what still runs. */
	restart(): Promise<void>
	/** As `restart`, with more environment; false when a SIGKILL of its own ends it before it listens. */
	restartDoomed(env: Readonly<Record<string, string>>): Promise<boolean>
	/** Starts it again only to kill it once it has its data directory, or once it listens and before it takes up its runs. */
	dieStarting(when: 'locked' | 'listening'): Promise<void>
}

/** Starts the compiled binary from an empty folder with an empty environment, on a free port, and waits until it listens. */
export async function startTestServer(options: ServerOptions = {}): Promise<TestServer> {
	const home = tempDir()
	const dataDir = options.dataDir ?? join(home.path, 'data')
	if (options.config !== undefined) await Bun.write(join(home.path, '.mse/config.toml'), options.config)
	const output = { stdout: '', stderr: '' }
	const launch = (bind: string) => launchServer({ ...options, home: home.path, dataDir, bind, output })
	let current = await launch('127.0.0.1:0').catch((thrown) => {
		home[Symbol.dispose]()
		throw thrown
	})
	const kill = async (signal: NodeJS.Signals) => {
		current.child.kill(signal)
		await current.child.exited
		await current.drained
		return current.child.signalCode ?? current.child.exitCode ?? -1
	}
	const { url } = current
	return {
		url,
		dataDir,
		kill,
		get pid() {
			return current.child.pid
		},
		get stdout() {
			return output.stdout
		},
		get stderr() {
			return output.stderr
		},
		get ended() {
			return current.drained
		},
		async restart() {
			await kill('SIGKILL')
			current = await launch(new URL(url).host)
		},
		async restartDoomed(env) {
			await kill('SIGKILL')
			const bind = new URL(url).host
			const started = await launchServer({ ...options, env: { ...options.env, ...env }, home: home.path, dataDir, bind, output }).catch(
				(thrown) => {
					if (thrown instanceof StartFailed && thrown.signal === 'SIGKILL') return null
					throw thrown
				},
			)
			if (started) current = started
			return started !== null
		},
		async dieStarting(when) {
			await kill('SIGKILL')
			const started = spawnServer({ ...options, home: home.path, dataDir, bind: new URL(url).host, output })
			const says = `pid ${started.child.pid}, ${when === 'listening' ? 'http' : ''}`
			const holder = () => readFileSync(join(dataDir, 'lock.holder'), 'utf8')
			await eventually(() => holder().startsWith(says), { within: START_MS, what: `the server that starts is ${when}` })
			started.child.kill('SIGKILL')
			await started.drained
		},
		async [Symbol.asyncDispose]() {
			await kill('SIGKILL')
			home[Symbol.dispose]()
		},
	}
}

interface Launch extends ServerOptions {
	readonly home: string
	readonly dataDir: string
	readonly bind: string
	readonly output: { stdout: string; stderr: string }
}

async function launchServer(launch: Launch) {
	using place = tempDir()
	const addressFile = join(place.path, 'address')
	const { child, drained } = spawnServer({ ...launch, args: [...(launch.args ?? []), '--address-file', addressFile] })
	const url = await addressIn(place.path, addressFile, child.exited)
	if (url !== null) return { child, drained, url }
	const signal = child.signalCode
	child.kill('SIGKILL')
	await drained
	throw new StartFailed(signal, launch.output.stderr)
}

class StartFailed extends Error {
	/** The signal by which it had ended when it was given up. */
	readonly signal: string | number | null

	constructor(signal: string | number | null, said: string) {
		super(`the server does not listen; it said:\n${said}`)
		this.signal = signal
	}
}

function spawnServer({ home, dataDir, bind, output, ...options }: Launch) {
	const child = Bun.spawn(
		[options.binary ?? binaryPath(), 'serve', '--bind', bind, '--data-dir', dataDir, '--drain-secs', '0', ...(options.args ?? [])],
		{
			cwd: home,
			env: bareEnvironment(home, options.env),
			stdin: 'ignore',
			stdout: 'pipe',
			stderr: 'pipe',
		},
	)
	const drained = Promise.all([
		child.exited,
		collect(child.stdout, (text) => {
			output.stdout += text
		}),
		collect(child.stderr, (text) => {
			output.stderr += text
		}),
	])
	return { child, drained }
}

/** The address as soon as the file has it, which appears whole. Null when it takes too long or `ended` comes first. */
function addressIn(folder: string, file: string, ended: Promise<unknown>): Promise<string | null> {
	return new Promise((resolve) => {
		const settle = (address: string | null): void => {
			clearTimeout(late)
			watcher.close()
			resolve(address)
		}
		const look = (): void => {
			if (existsSync(file)) settle(readFileSync(file, 'utf8').trim())
		}
		const watcher = watch(folder, look)
		const late = setTimeout(() => settle(null), START_MS)
		ended.then(() => settle(null))
		look()
	})
}

async function collect(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
	const decoder = new TextDecoder()
	for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }))
}
