import { existsSync } from 'node:fs'
import { Value } from '@sinclair/typebox/value'
import { messageOf } from '../../kernel/error.ts'
import type { Json } from '../../kernel/json.ts'
import { LuaReply, type LuaRun } from '../../protocol/lua.ts'
import type { ChildList } from '../process/child-list.ts'
import { type Conversation, openConversation } from '../process/conversation.ts'
import { ATTEMPT_KEY } from '../process/environment.ts'
import { selfCommand } from './command.ts'

export interface LuaProcessOptions {
	/** Marks the processes, so that the next life of the server finds those it left behind. */
	readonly dataDirId: string
	readonly memoryBytes: number
	readonly outputBytes: number
	/** Given where marks cannot be read. */
	readonly childList?: ChildList
}

/** Answers a call of a host function; what it throws is raised in the script. */
export type AnswerHost = (name: string, argument: Json) => Json | Promise<Json>

export type LuaEnd = Exclude<LuaReply, { type: 'host' }>

/** A process that runs one script at a time. */
export interface LuaProcess {
	readonly pid: number
	/** False once it ended or said that it wants no more. */
	isFit(): boolean
	/** Throws when the process ends or talks nonsense; it is of no use then. */
	run(run: LuaRun, answer: AnswerHost): Promise<LuaEnd>
	/** Resolves when it is gone. */
	kill(): Promise<void>
}

/** Starts a process; it gets ready while it is already spoken to. */
export function startLuaProcess(options: LuaProcessOptions): LuaProcess {
	const lineBytes = options.outputBytes + ENVELOPE_BYTES
	const env = { [ATTEMPT_KEY]: `${options.dataDirId}:lua` }
	const talk = openConversation({ argv: fenced(selfCommand(), options.memoryBytes), env, cwd: '/', lineBytes })
	const strikeOut = options.childList?.add(talk.pid)
	let fit = true
	return {
		pid: talk.pid,
		isFit: () => fit && talk.isAlive(),
		async run(run, answer) {
			fit = false
			const end = await converse(talk, run, answer)
			fit = !end.retire
			return end
		},
		async kill() {
			fit = false
			await talk.kill()
			strikeOut?.()
		},
	}
}

/** What a line holds besides a value. */
const ENVELOPE_BYTES = 128 * 1024
/** What the runtime reserves beside the memory of scripts, mostly for compiled code; with 2 GiB it compiles none and is ten times slower. */
const RUNTIME_BYTES = 2 ** 32

/** The system's own fence around the whole process, where there is a shell to set it: memory, and no core dumps. */
function fenced(argv: readonly string[], memoryBytes: number): readonly string[] {
	if (!existsSync('/bin/sh')) return argv
	const kib = Math.ceil((memoryBytes + RUNTIME_BYTES) / 1024)
	return ['/bin/sh', '-c', `ulimit -c 0; ulimit -d ${kib}; exec "$0" "$@"`, ...argv]
}

async function converse(talk: Conversation, run: LuaRun, answer: AnswerHost): Promise<LuaEnd> {
	talk.send(JSON.stringify(run))
	for (;;) {
		const line = await talk.receive()
		if (line === null) throw new Error('its process has ended')
		const reply: unknown = JSON.parse(line)
		Value.Assert(LuaReply, reply)
		if (reply.type !== 'host') return reply
		talk.send(JSON.stringify(await answered(reply.name, reply.argument as Json, answer)))
	}
}

async function answered(name: string, argument: Json, answer: AnswerHost): Promise<{ value: Json } | { error: string }> {
	try {
		return { value: await answer(name, argument) }
	} catch (thrown) {
		return { error: messageOf(thrown) }
	}
}
