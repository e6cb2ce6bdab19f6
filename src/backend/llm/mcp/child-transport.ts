import { ReadBuffer, serializeMessage } from '@modelcontextprotocol/sdk/shared/stdio.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { messageOf } from '../../../kernel/error.ts'
import { type ChildLimits, type ChildWork, type Exit, runChild } from '../../process/child.ts'

export interface ChildTransport extends Transport {
	/** Why the server is gone, once it is. */
	failure(): string | undefined
}

/**
 * MCP over the stdin and stdout of a child process, whose whole tree is ended by `close`, which resolves once nothing is left of
 * it. Lines that are no messages are passed over.
 */
export function childTransport(work: Omit<ChildWork, 'input' | 'onOutput'>, limits: ChildLimits, longestMessage: number): ChildTransport {
	const stop = new AbortController()
	const stdin = newStdin()
	const buffer = new ReadBuffer({ maxBufferSize: longestMessage })
	let failure: string | undefined
	let running: Promise<void> = Promise.resolve()

	const read = (chunk: Uint8Array): void => {
		buffer.append(Buffer.from(chunk))
		for (let more = true; more; ) more = readOne()
	}
	const readOne = (): boolean => {
		try {
			const message = buffer.readMessage()
			if (message) transport.onmessage?.(message)
			return message !== null
		} catch (thrown) {
			transport.onerror?.(thrown instanceof Error ? thrown : new Error(String(thrown)))
			return true
		}
	}
	const run = async (): Promise<void> => {
		try {
			failure = describe(await runChild({ ...work, input: stdin.stream, onOutput: read }, stop.signal, limits))
		} catch (thrown) {
			failure = messageOf(thrown).replace(/^internal: /, '')
		}
		stdin.close()
		transport.onclose?.()
	}
	const transport: ChildTransport = {
		async start() {
			running = run()
		},
		async send(message) {
			if (failure !== undefined) throw new Error(failure)
			stdin.write(serializeMessage(message))
		},
		async close() {
			stop.abort(new Error('its work is over'))
			await running
		},
		failure: () => failure,
	}
	return transport
}

/** A stream that is fed as messages come, for a child that may go away first. */
function newStdin(): { readonly stream: ReadableStream<Uint8Array>; write(text: string): void; close(): void } {
	let controller: ReadableStreamDefaultController<Uint8Array> | undefined
	const stream = new ReadableStream<Uint8Array>({
		start(own) {
			controller = own
		},
		cancel() {
			controller = undefined
		},
	})
	const feed = (use: (own: ReadableStreamDefaultController<Uint8Array>) => void): void => {
		try {
			if (controller) use(controller)
		} catch {
			// The child closed its end; its exit tells why.
			controller = undefined
		}
	}
	return {
		stream,
		write: (text) => feed((own) => own.enqueue(new TextEncoder().encode(text))),
		close: () => feed((own) => own.close()),
	}
}

function describe({ code, signal, stderr }: Exit): string {
	const how = signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`
	const said = stderr.trim().slice(-500)
	return said === '' ? how : `${how}: ${said}`
}
