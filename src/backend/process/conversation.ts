import { whyNotSpawned } from './spawn.ts'

/** A child that is talked to in lines. Its stderr goes nowhere. */
export interface Conversation {
	readonly pid: number
	/** False once it has ended. */
	isAlive(): boolean
	/** What is said to a child that has ended is lost. */
	send(line: string): void
	/** Its next line; null when it has closed its output. Throws when a line is longer than `lineBytes`. One call at a time. */
	receive(): Promise<string | null>
	/** KILL; resolves when it is gone. May be called twice. */
	kill(): Promise<void>
}

/** Starts a child as the leader of a session of its own. Throws `internal: spawn failed: …`. */
export function openConversation(command: {
	readonly argv: readonly string[]
	/** All of its environment. */
	readonly env: Record<string, string>
	readonly cwd: string
	readonly lineBytes: number
}): Conversation {
	const child = start(command)
	const reader = child.stdout.getReader()
	const lines = newLines(command.lineBytes)
	return {
		pid: child.pid,
		isAlive: () => child.exitCode === null && child.signalCode === null,
		send(line) {
			child.stdin.write(`${line}\n`)
			// A pipe that is closed at the other end says so here, and the reader learns it as well.
			Promise.resolve(child.stdin.flush()).catch(() => {})
		},
		async receive() {
			for (let line = lines.take(); ; line = lines.take()) {
				if (line !== undefined) return line
				const { done, value } = await reader.read()
				if (done) return null
				lines.add(value)
			}
		},
		async kill() {
			child.kill('SIGKILL')
			await child.exited
		},
	}
}

function start({ argv, env, cwd }: { readonly argv: readonly string[]; readonly env: Record<string, string>; readonly cwd: string }) {
	try {
		return Bun.spawn([...argv], { env, cwd, stdin: 'pipe', stdout: 'pipe', stderr: 'ignore', detached: true })
	} catch (thrown) {
		throw new Error(`internal: spawn failed: ${whyNotSpawned({ argv, cwd }, thrown)}`)
	}
}

const NEWLINE = 10

/** Cuts chunks into lines; what belongs to one line is joined once. */
function newLines(limit: number) {
	const begun: Uint8Array[] = []
	let bytes = 0
	let rest: Uint8Array | undefined
	const take = (): string | undefined => {
		if (!rest) return undefined
		const end = rest.indexOf(NEWLINE)
		const part = end < 0 ? rest : rest.subarray(0, end)
		begun.push(part)
		bytes += part.length
		if (bytes > limit) throw new Error(`a line of it is over the limit of ${limit} bytes`)
		rest = end < 0 ? undefined : rest.subarray(end + 1)
		if (end < 0) return undefined
		bytes = 0
		return Buffer.concat(begun.splice(0)).toString()
	}
	return {
		add(chunk: Uint8Array): void {
			rest = rest ? Buffer.concat([rest, chunk]) : chunk
		},
		take,
	}
}
