import { type Finding, works } from '../../core/doctor/probe.ts'
import type { Clock } from '../../kernel/clock.ts'
import { silentLogger } from '../../kernel/log.ts'
import { type ChildWork, runChild } from './child.ts'
import { ATTEMPT_KEY } from './environment.ts'
import { canReadVariables, readProcesses } from './process-table.ts'

const KILL_GRACE_MS = 1000

/**
 * Starts a shell that starts a program of its own, stops them as a cancelled attempt is stopped, and looks whether both are
 * gone. `dataDirId` marks them, so that a server that dies meanwhile finds them at its next start.
 */
export async function proveChildren(options: {
	readonly clock: Clock
	readonly path: string
	readonly dataDirId: string
}): Promise<Finding> {
	const stop = new AbortController()
	const pids: number[] = []
	let said = ''
	const key = `${options.dataDirId}:doctor`
	const work: ChildWork = {
		argv: ['/bin/sh', '-c', 'sleep 60 & echo "$$ $!"; wait'],
		env: { PATH: options.path, [ATTEMPT_KEY]: key },
		cwd: undefined,
		input: undefined,
		key,
		onOutput(chunk) {
			said += new TextDecoder().decode(chunk)
			pids.push(...(/^(\d+) (\d+)\n/.exec(said)?.slice(1).map(Number) ?? []))
			if (pids.length > 0) stop.abort(new Error(STOPPED))
		},
	}
	const limits = { clock: options.clock, killGraceMs: KILL_GRACE_MS, outputBytes: 1024, log: silentLogger }
	const how = await runChild(work, stop.signal, limits).then(
		({ code, stderr }) => `the shell ended by itself with ${code}: ${stderr}`,
		(thrown) => String(thrown?.message ?? thrown),
	)
	if (how !== STOPPED)
		return { status: 'broken', detail: how, hint: 'Steps of kind subprocess need /bin/sh and the right to start programs.' }
	const left = readProcesses().filter(({ pid }) => pids.includes(pid))
	if (left.length > 0)
		return { status: 'broken', detail: `Processes ${left.map(({ pid }) => pid).join(', ')} are still there after they were killed.` }
	const marks = canReadVariables() ? 'are found by their mark after a crash' : 'are found by a list after a crash (there is no /proc)'
	return works(`programs start, end with all they started, and ${marks}`)
}

const STOPPED = 'stopped by the probe'
