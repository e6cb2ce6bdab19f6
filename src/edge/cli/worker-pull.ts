import { type Clock, sleep, systemClock } from '../../kernel/clock.ts'
import { MseError, messageOf } from '../../kernel/error.ts'
import type { LeasedTurn } from '../../protocol/lease.ts'
import type { MseClient } from '../client/client.ts'
import { type CommandEnd, runCommand } from './exec.ts'

export interface PullOptions {
	readonly profile: string
	/** A line for `/bin/sh -c`; the turn is on its stdin, what it prints is the answer. */
	readonly line: string
	readonly env: Readonly<Record<string, string | undefined>>
	readonly isOnce: boolean
	/** Ends the asking; a turn that is carried out then goes to somebody else. */
	readonly signal: AbortSignal
	readonly say: (text: string) => void
}

const WAIT_MS = 30_000
const AGAIN_MS = 1000

/** Carries out turns of a profile one after another. Resolves to whether the last one went well. */
export async function pullTurns(client: MseClient, options: PullOptions): Promise<boolean> {
	const { profile, isOnce, signal, say } = options
	let isWell = true
	while (!signal.aborted) {
		try {
			const asking = { profiles: [profile], holder: 'mse-server workers serve', wait_ms: WAIT_MS }
			const { turn } = await client.answer(client.v1.runtime.pull.post(asking, { fetch: { signal } }))
			if (turn === null) continue
			isWell = await carryOut(client, options, turn)
			if (isOnce) break
		} catch (error) {
			if (signal.aborted) break
			if (!(error instanceof MseError) || error.kind !== 'unavailable') throw error
			say(error.message)
			await sleep(systemClock, AGAIN_MS, signal).catch(() => {})
		}
	}
	return isWell
}

async function carryOut(client: MseClient, { line, env, signal, say }: PullOptions, turn: LeasedTurn): Promise<boolean> {
	const { lease, worker_id, content, lease_ms } = turn
	const name = `turn ${turn.turn} of ${worker_id}`
	const held = client.v1.runtime.leases({ lease })
	await client.answer(held.ack.post())
	say(`${name} begins`)
	const lost = new AbortController()
	const stopHeartbeat = every(systemClock, lease_ms / 3, () =>
		client.answer(held.extend.post({})).catch((error: unknown) => lost.abort(error)),
	)
	try {
		const end = await runCommand({
			...{ line, stdin: content, timeoutMs: null, clock: systemClock, signal: AbortSignal.any([signal, lost.signal]) },
			env: { ...withoutTokens(env), MSE_WORKER_ID: worker_id, MSE_TURN: String(turn.turn) },
			onStderr: (text) => say(`${name}| ${text}`),
		})
		if (signal.aborted) await client.answer(held.release.post())
		else await client.answer(held.complete.post(toResult(end)))
		say(`${name} ${end.code === 0 ? 'done' : 'failed'}`)
		return end.code === 0
	} catch (error) {
		if (!(error instanceof MseError) || error.code !== 'lease_lost') throw error
		say(`${name} went to somebody else: ${messageOf(error)}`)
		return false
	} finally {
		stopHeartbeat()
	}
}

function toResult({ code, stdout, stderrTail }: CommandEnd): { text: string } | { error: string } {
	if (code === 0) return { text: stdout.trimEnd() }
	return { error: `the command ended ${code === null ? 'by a signal' : `with ${code}`}${stderrTail === '' ? '' : `: ${stderrTail}`}` }
}

/** The credentials of whoever serves are not the command's business. */
function withoutTokens({ MSE_TOKEN: _token, MSE_ADMIN_TOKEN: _adminToken, ...rest }: PullOptions['env']): PullOptions['env'] {
	return rest
}

function every(clock: Clock, ms: number, act: () => void): () => void {
	let cancel = (): void => {}
	const arm = (): void => {
		cancel = clock.after(ms, () => {
			act()
			arm()
		})
	}
	arm()
	return () => cancel()
}
