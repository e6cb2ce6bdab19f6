import type { LogFields, Logger } from '../../kernel/log.ts'

/** A logger whose lines about a run also have the id of its trace, while that is known. */
export function tracedLog(log: Logger, traceIdOf: (runId: string) => string | undefined): Logger {
	const traced = (fields: LogFields | undefined): LogFields | undefined => {
		const traceId = typeof fields?.run_id === 'string' ? traceIdOf(fields.run_id) : undefined
		return traceId === undefined ? fields : { ...fields, trace_id: traceId }
	}
	return {
		debug: (message, fields) => log.debug(message, traced(fields)),
		info: (message, fields) => log.info(message, traced(fields)),
		warn: (message, fields) => log.warn(message, traced(fields)),
		error: (message, fields) => log.error(message, traced(fields)),
		with: (fields) => tracedLog(log.with(traced(fields) ?? fields), traceIdOf),
	}
}
