import type { Attempt } from '../../core/dispatch/backend.ts'
import { newSlots } from '../process/slots.ts'
import { type LuaProcess, type LuaProcessOptions, startLuaProcess } from './process.ts'

export interface LuaPoolOptions extends LuaProcessOptions {
	/** At most so many at a time; further attempts wait in order. */
	readonly processes: number
	/** So many stay ready when there is nothing to do, once there was something. */
	readonly warm: number
}

/** The Lua processes of a server. */
export interface LuaPool {
	/**
	 * Has a process to itself while `work` goes on. When this settles the process is ready for the next or gone: a failed
	 * `work` and an abort end it at once, and another takes its place. Throws the signal's reason, or what `work` throws.
	 */
	use<T>(attempt: Pick<Attempt, 'signal' | 'working'>, work: (process: LuaProcess) => Promise<T>): Promise<T>
	/** Ends all of them. What still works fails. */
	close(): Promise<void>
}

export function openLuaPool(options: LuaPoolOptions): LuaPool {
	const slots = newSlots(options.processes)
	const idle: LuaProcess[] = []
	const busy = new Set<LuaProcess>()
	let closed = false

	const takeFit = (): LuaProcess => {
		for (let next = idle.pop(); next; next = idle.pop()) {
			if (next.isFit()) return next
			void next.kill()
		}
		return startLuaProcess(options)
	}
	const keepWarm = (): void => {
		while (!closed && idle.length < options.warm) idle.unshift(startLuaProcess(options))
	}
	const giveBack = async (process: LuaProcess): Promise<void> => {
		if (!closed && process.isFit() && idle.length < options.warm) idle.push(process)
		else await process.kill()
		keepWarm()
	}

	return {
		async use({ signal, working }, work) {
			const leave = await enter(slots, { signal, working })
			try {
				signal.throwIfAborted()
				if (closed) throw new Error('the server stops')
				const process = takeFit()
				busy.add(process)
				try {
					return await untilAborted(process, signal, work(process))
				} finally {
					busy.delete(process)
					await giveBack(process)
				}
			} finally {
				leave()
			}
		},
		async close() {
			closed = true
			await Promise.all([...idle.splice(0), ...busy].map((process) => process.kill()))
		},
	}
}

async function enter(slots: ReturnType<typeof newSlots>, { signal, working }: Pick<Attempt, 'signal' | 'working'>): Promise<() => void> {
	let waited = false
	const leave = await slots.take(signal, () => {
		waited = true
		working(false)
	})
	if (waited) working(true)
	return leave
}

/** The work's own end, unless the signal fires first: then the process is killed, and the reason thrown once it is gone. */
async function untilAborted<T>(process: LuaProcess, signal: AbortSignal, work: Promise<T>): Promise<T> {
	const kill = (): void => void process.kill()
	signal.addEventListener('abort', kill, { once: true })
	try {
		return await work
	} catch (thrown) {
		await process.kill()
		signal.throwIfAborted()
		throw thrown
	} finally {
		signal.removeEventListener('abort', kill)
	}
}
