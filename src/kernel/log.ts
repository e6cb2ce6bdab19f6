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

export type LogFormat = 'json' | 'text'

export interface LoggerOptions {
	readonly level: LogLevel
	readonly clock: Clock
	readonly write: (line: string) => void
	readonly fields?: LogFields
}

/** Lines for programs or for people. */
export const loggerOf = (format: LogFormat, options: LoggerOptions): Logger =>
	format === 'json' ? jsonLogger(options) : textLogger(options)

/** JSON lines to `write` (stderr in the binary: stdout belongs to results and to MCP). */
export const jsonLogger = (options: LoggerOptions): Logger =>
	lineLogger(options, (at, level, message, fields) => JSON.stringify({ at, level, message, ...fields }, renderErrors))

/** `2026-11-21T14:00:00.000Z warn  message key=value …`, for a terminal. */
export const textLogger = (options: LoggerOptions): Logger =>
	lineLogger(options, (at, level, message, fields) => {
		const rest = Object.entries(fields).map(([key, value]) => `${key}=${oneLine(value)}`)
		return [at, level.padEnd(5), message.replaceAll(/\s*\n\s*/g, ' '), ...rest].join(' ')
	})

type Render = (at: string, level: LogLevel, message: string, fields: LogFields) => string

function lineLogger(options: LoggerOptions, render: Render): Logger {
	const emit = (level: LogLevel, message: string, fields: LogFields = {}): void => {
		if (RANK[level] < RANK[options.level]) return
		const at = new Date(options.clock.now()).toISOString()
		options.write(`${render(at, level, message, { ...options.fields, ...fields })}\n`)
	}
	return {
		debug: (message, fields) => emit('debug', message, fields),
		info: (message, fields) => emit('info', message, fields),
		warn: (message, fields) => emit('warn', message, fields),
		error: (message, fields) => emit('error', message, fields),
		with: (fields) => lineLogger({ ...options, fields: { ...options.fields, ...fields } }, render),
	}
}

/** A text of one word as it is, anything else as JSON: no line is ever broken. */
function oneLine(value: unknown): string {
	if (typeof value === 'string' && /^[\w.:/@-]+$/.test(value)) return value
	return JSON.stringify(value, renderErrors) ?? ''
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
