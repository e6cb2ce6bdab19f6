import { readSync, writeSync } from 'node:fs'
import { Value } from '@sinclair/typebox/value'
import { LuaHostReply, LuaRun } from '../../protocol/lua.ts'
import { dieWithParent } from './die-with-parent.ts'
import { type CallHost, newInterpreter, runScript } from './interpreter.ts'

/** Scripts after which a process is replaced by a fresh one. */
const LONGEST_LIFE = 1000
/** Calls of host functions in one script; further ones are refused without troubling the server. */
const HOST_CALLS = 10_000

/**
 * The life of a Lua process: runs the scripts that come in on stdin, one JSON line each, and answers on stdout. It reads by
 * blocking, because a script that waits for a host function cannot be left meanwhile. It ends when stdin does.
 */
export async function serveLua(): Promise<void> {
	dieWithParent()
	const interpreter = newInterpreter()
	const nextLine = lineReader(0)
	for (let life = 1; ; life++) {
		const engine = await interpreter.prepare()
		const line = nextLine()
		if (line === null) return
		const run: unknown = JSON.parse(line)
		Value.Assert(LuaRun, run)
		const { text, retire } = runScript(engine, run, hostCaller(nextLine), life >= LONGEST_LIFE)
		write(text)
		if (retire) return
	}
}

function hostCaller(nextLine: () => string | null): CallHost {
	let calls = 0
	return (name, argument) => {
		calls++
		if (calls > HOST_CALLS) return `-host functions were called more than ${HOST_CALLS} times`
		write(`{"type":"host","name":${JSON.stringify(name)},"argument":${argument}}`)
		const line = nextLine()
		// The server is gone, and a script could catch anything milder.
		if (line === null) process.exit(0)
		const reply: unknown = JSON.parse(line)
		Value.Assert(LuaHostReply, reply)
		return 'error' in reply ? `-${reply.error}` : `+${JSON.stringify(reply.value)}`
	}
}

/** Reads whole lines; null once there is no more. */
function lineReader(fd: number): () => string | null {
	const chunk = Buffer.alloc(64 * 1024)
	let waiting: Buffer[] = []
	return () => {
		for (;;) {
			const last = waiting.at(-1)
			const end = last?.indexOf(10) ?? -1
			if (last && end >= 0) {
				const line = Buffer.concat([...waiting.slice(0, -1), last.subarray(0, end)]).toString()
				waiting = [last.subarray(end + 1)]
				return line
			}
			const length = readSync(fd, chunk)
			if (length === 0) return null
			waiting.push(Buffer.from(chunk.subarray(0, length)))
		}
	}
}

function write(line: string): void {
	const bytes = Buffer.from(`${line}\n`)
	for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at)
}
