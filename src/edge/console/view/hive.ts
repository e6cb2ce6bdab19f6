import type { Event } from '../../../protocol/event.ts'
import type { HiveAgent } from '../../../protocol/hive-http.ts'
import { type Tone, toneOf } from './tone.ts'

/** What a person can have done with an agent at once; what ends it for good is not among them. */
export type AgentVerb = 'start' | 'stop' | 'restart' | 'pause' | 'resume' | 'rebuild'

/** The verbs that make sense now, the likeliest first. */
export function agentVerbs({ state, paused }: Pick<HiveAgent, 'state' | 'paused'>): readonly AgentVerb[] {
	switch (state) {
		case 'running':
			return [paused ? 'resume' : 'pause', 'restart', 'rebuild', 'stop']
		case 'stopped':
		case 'failed':
			return ['start', 'rebuild']
		case 'destroyed':
			return []
		default:
			return ['stop']
	}
}

/** How it stands, in one word: one that takes no messages is `paused`, whatever its program does. */
export const agentWord = ({ state, paused }: Pick<HiveAgent, 'state' | 'paused'>): string =>
	state === 'running' && paused ? 'paused' : state

/** An agent that runs is as it should be, and need not catch the eye. */
export const agentTone = (word: string): Tone => (word === 'running' ? 'good' : toneOf(word))

/** The beginning of a commit or a digest, as people compare them. */
export const shortHash = (hash: string): string => hash.slice(0, 12)

/** Why it is where it is, where that is not what somebody asked for; null when there is nothing to say. */
export function agentTrouble({ state, failure, exit_code, restarts }: Pick<HiveAgent, 'state' | 'failure' | 'exit_code' | 'restarts'>) {
	if (failure !== null && state !== 'running') return failure
	if (restarts > 0) return `It was restarted ${restarts} ${restarts === 1 ? 'time' : 'times'} in a row${lastExit(exit_code)}.`
	return null
}

const lastExit = (code: number | null): string => (code === null ? '' : `, after exit code ${code}`)

/** Whether something happened to that agent, its inbox included. */
export const touchesAgent =
	(name: string) =>
	({ kind, data: { agent, to } }: Event): boolean =>
		(kind.startsWith('hive.') && agent === name) || (kind.startsWith('message.') && to === name)
