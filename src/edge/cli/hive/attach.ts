import { sleep, systemClock } from '../../../kernel/clock.ts'
import { MseError } from '../../../kernel/error.ts'
import type { HostResponse } from '../../../protocol/hive.ts'
import { askSocket } from '../../client/hive-socket.ts'
import type { Command, Invocation } from '../command.ts'
import { EXIT, usageError } from '../exit-code.ts'
import { type HiveRunDir, hostFlags, hostSocket } from './place.ts'
import { readAnswer, refusalOf } from './verb.ts'

const LOOK_EVERY_MS = 500
const TAIL = 2000

/** `hive attach`: what an agent writes, as it writes it. */
export function attachVerb(runDir: HiveRunDir): Command {
	return {
		name: 'hive attach',
		summary: 'Follow what the program of an agent writes, until it ends or a signal comes',
		usage: 'NAME [flags]',
		positionals: 1,
		flags: hostFlags.filter(({ name }) => name !== 'json'),
		async run(invocation) {
			const [name] = invocation.positionals
			if (name === undefined) throw usageError('NAME is missing.', 'Usage: mse-server hive attach NAME')
			const left = new AbortController()
			void invocation.nextSignal().then(() => left.abort())
			await follow(hostSocket(runDir, invocation), name, invocation, left.signal)
			return EXIT.done
		},
	}
}

async function follow(path: string, name: string, { out, err }: Invocation, signal: AbortSignal): Promise<void> {
	let before = ''
	while (!signal.aborted) {
		const { statuses = [] } = await ask(path, { cmd: 'agent_status', name })
		const { text = '' } = await ask(path, { cmd: 'logs', name, tail: TAIL })
		out(newText(before, text))
		before = text
		const state = statuses[0]?.state
		if (state !== 'running' && state !== 'creating' && state !== 'stopping') return err(`${name} is ${state}\n`)
		await sleep(systemClock, LOOK_EVERY_MS, signal).catch(() => {})
	}
}

/** What the end of a growing text has more than before, where both are only its last lines. All of it when nothing matches. */
export function newText(before: string, now: string): string {
	if (now.startsWith(before)) return now.slice(before.length)
	for (let cut = before.indexOf('\n') + 1; cut > 0 && cut < before.length; cut = before.indexOf('\n', cut) + 1)
		if (now.startsWith(before.slice(cut))) return now.slice(before.length - cut)
	return now
}

async function ask(path: string, request: object): Promise<HostResponse> {
	const answer = readAnswer(await askSocket(path, request))
	const refusal = refusalOf(answer)
	if (refusal !== null) throw new MseError('conflict', refusal, { code: 'refused' })
	return answer as unknown as HostResponse
}
