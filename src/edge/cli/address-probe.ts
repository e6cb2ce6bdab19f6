import { createServer } from 'node:net'
import type { Finding } from '../../core/doctor/probe.ts'
import { messageOf } from '../../kernel/error.ts'
import { portHolder } from './port-holder.ts'

/** Listens on the address for a moment. */
export function proveAddress({
	host,
	port,
	text,
}: {
	readonly host: string
	readonly port: number
	readonly text: string
}): Promise<Finding> {
	return new Promise((resolve) => {
		const server = createServer()
		server.once('error', (thrown) => resolve(failure(thrown, text, port)))
		server.listen({ host, port, exclusive: true }, () => {
			server.close(() => resolve({ status: 'ok', detail: `${text} is free` }))
		})
	})
}

function failure(thrown: Error, text: string, port: number): Finding {
	const isTaken = 'code' in thrown && thrown.code === 'EADDRINUSE'
	const holder = isTaken ? (portHolder(port) ?? 'another program') : null
	return {
		status: 'broken',
		detail: holder === null ? `${text}: ${messageOf(thrown)}` : `${text} is taken by ${holder}.`,
		hint: 'Name another address with --bind; port 0 takes a free one.',
	}
}
