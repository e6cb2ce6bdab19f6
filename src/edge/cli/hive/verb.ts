import { MseError } from '../../../kernel/error.ts'
import { type JsonObject, parseJson } from '../../../kernel/json.ts'
import type { AgentRequest, AgentResponse, HostExtraRequest, HostRequest, HostResponse, ManagerRequest } from '../../../protocol/hive.ts'
import { askSocket } from '../../client/hive-socket.ts'
import type { Command, Invocation } from '../command.ts'
import { EXIT, usageError } from '../exit-code.ts'
import { type Flag, isOn } from '../flag.ts'
import { agentFlags, agentSocket, type HiveRunDir, hostFlags, hostSocket } from './place.ts'

/** What was typed after a verb's name, one text for each word of its usage; what may be left out may be missing. */
export interface Typed {
	readonly words: readonly string[]
	readonly invocation: Invocation
}

/** One verb: what it asks a socket, and how its answer reads. */
export interface VerbSpec {
	readonly name: string
	readonly summary: string
	/** Its words in capitals, those in brackets may be left out: `NAME [TEXT]`. */
	readonly words: string
	readonly flags?: readonly Flag[]
	/** What the operator asks; undefined where only an agent can. */
	readonly host?: (typed: Typed) => HostRequest | HostExtraRequest
	/** What an agent asks; undefined where only the operator can. */
	readonly agent?: (typed: Typed) => AgentRequest | ManagerRequest
	/** A line for people. Without one nothing is printed. */
	readonly toText?: (answer: HostResponse & Partial<AnyAgentResponse>, typed: Typed) => string
}

/** What any answer of an agent's socket may have. */
interface AnyAgentResponse {
	readonly kind: AgentResponse['kind']
	readonly from: string
	readonly body: string
	readonly unread: number
}

/** The command of a verb. Whoever has an agent's socket is that agent; everybody else is the operator. */
export function hiveVerb(spec: VerbSpec, runDir: HiveRunDir): Command {
	const words = spec.words === '' ? [] : spec.words.split(' ')
	return {
		name: `hive ${spec.name}`,
		summary: spec.summary,
		usage: `${spec.words} [flags]`.trim(),
		positionals: words.length,
		flags: [...(spec.flags ?? []), ...(spec.agent ? agentFlags : hostFlags)],
		async run(invocation) {
			for (const [at, word] of words.entries())
				if (!word.startsWith('[') && invocation.positionals[at] === undefined)
					throw usageError(`${word} is missing.`, `Usage: mse-server hive ${spec.name} ${spec.words}`)
			const typed = { words: invocation.positionals, invocation }
			return tell(spec, typed, await ask(spec, typed, runDir))
		},
	}
}

function ask(spec: VerbSpec, typed: Typed, runDir: HiveRunDir): Promise<string> {
	const socket = spec.agent && agentSocket(runDir, typed.invocation)
	if (spec.agent && socket !== undefined) return askSocket(socket, spec.agent(typed))
	if (spec.host) return askSocket(hostSocket(runDir, typed.invocation), spec.host(typed))
	throw usageError(`hive ${spec.name} is for agents.`, 'Say which: --socket PATH, --as NAME or HIVE_SOCKET.')
}

function tell(spec: VerbSpec, typed: Typed, line: string): number {
	const { out, flags } = typed.invocation
	const answer = readAnswer(line)
	const refusal = refusalOf(answer)
	if (isOn(flags, 'json')) out(`${line}\n`)
	else if (refusal !== null) throw new MseError('conflict', refusal, { code: 'refused' })
	else {
		const text = spec.toText?.(answer as HostResponse & Partial<AnyAgentResponse>, typed) ?? ''
		if (text !== '') out(`${text}\n`)
	}
	return refusal === null ? EXIT.done : EXIT.refused
}

/** The one answer of a socket as an object. */
export function readAnswer(line: string): JsonObject {
	const answer = parseJson(line)
	if (typeof answer === 'object' && answer !== null && !Array.isArray(answer)) return answer as JsonObject
	throw new MseError('internal', 'The socket answered something that is not of a hive.', { code: 'unexpected_answer' })
}

/** How either kind of socket says no; null when it did not. */
export function refusalOf({ ok, error, kind, message }: JsonObject): string | null {
	if (ok === false) return String(error)
	return kind === 'err' ? String(message) : null
}
