import type { Clock } from './clock.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type LogFields = { readonly [key: string]: unknown }

/** One line per call. Never pass a credential in the fields. */
export interface Logger {
	debug(message: string, fields?: LogFields): void
	info(message: string, fields?: LogFields): void
	warn(message: string, fields?: LogFields): void
	error(message: string, fields?: LogFields): void
	/** A logger that adds these fields to each line. */
	with(fields: LogFields): Logger
}

const RANK: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 }

/** JSON lines to `write` (stderr in the binary: stdout belongs to results and to MCP). */
export function jsonLogger(options: { level: LogLevel; clock: Clock; write: (line: string) => void; fields?: LogFields }): Logger {
	const emit = (level: LogLevel, message: string, fields: LogFields = {}): void => {
		if (RANK[level] < RANK[options.level]) return
		const at = new Date(options.clock.now()).toISOString()
		options.write(`${JSON.stringify({ at, level, message, ...options.fields, ...fields }, renderErrors)}\n`)
	}
	return {
		debug: (message, fields) => emit('debug', message, fields),
		info: (message, fields) => emit('info', message, fields),
		warn: (message, fields) => emit('warn', message, fields),
		error: (message, fields) => emit('error', message, fields),
		with: (fields) => jsonLogger({ ...options, fields: { ...options.fields, ...fields } }),
	}
}

function renderErrors(_key: string, value: unknown): unknown {
	return value instanceof Error ? { name: value.name, message: value.message, stack: value.stack, cause: value.cause } : value
}

/** Says nothing. */
export const silentLogger: Logger = {
	debug() {},
	info() {},
	warn() {},
	error() {},
	with: () => silentLogger,
}
