import type { Diagnostic } from '../../core/blueprint/diagnostic.ts'
import { toWireDiagnostic } from '../../core/blueprint/wire-diagnostic.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Event } from '../../protocol/event.ts'
import type { RunRecord } from '../../protocol/run.ts'
import type { Invocation } from './command.ts'
import { diagnosticText } from './diagnostics.ts'
import { isOn } from './flag.ts'
import { painter, printJson } from './print.ts'
import { progressLines } from './progress.ts'
import { runFailureText } from './run-exit.ts'
import { statusLine } from './status-line.ts'

/** What `run` tells while it works. Only the final context goes to stdout. */
export interface RunReport {
	readonly event: (event: Event) => void
	/** Something of our own to say. */
	readonly note: (sentence: string) => void
	readonly invalid: (diagnostics: readonly Diagnostic[]) => void
	readonly end: (run: RunRecord, exitCode: number) => void
	/** May be called twice. */
	readonly close: () => void
}

export function newReport(invocation: Invocation, clock: Clock): RunReport {
	return isOn(invocation.flags, 'json') ? jsonReport(invocation) : textReport(invocation, clock)
}

/** Lines of JSON on stderr: events as the server has them, and objects with a `kind` of `cli.…`. */
function jsonReport(invocation: Invocation): RunReport {
	const line = (value: unknown): void => invocation.err(`${JSON.stringify(value)}\n`)
	return {
		event: line,
		note: (message) => line({ kind: 'cli.note', message }),
		invalid: (found) => {
			for (const diagnostic of found)
				line({ ...toWireDiagnostic(diagnostic), path: diagnostic.path, kind: 'cli.diagnostic', code: diagnostic.code })
		},
		end(run, exitCode) {
			const isDone = run.status === 'done'
			line({ kind: 'cli.ended', run_id: run.id, status: run.status, exit_code: exitCode, ...(!isDone && { result: run.result_ref }) })
			if (isDone) printJson(invocation, run.result_ref)
		},
		close() {},
	}
}

function textReport(invocation: Invocation, clock: Clock): RunReport {
	const paint = painter({ colour: invocation.errColour })
	const toLine = progressLines(paint)
	const status = statusLine(invocation, paint, clock)
	const say = (text: string): void => status.above(`${text}\n`)
	return {
		event(event) {
			const line = toLine(event)
			status.take(event)
			if (line !== null) say(line)
		},
		note: say,
		invalid: (found) => say(found.map((diagnostic) => diagnosticText(diagnostic, paint)).join('\n')),
		end(run) {
			status.close()
			if (run.status === 'done') return printJson(invocation, run.result_ref)
			invocation.err(`mse-server: ${runFailureText(run)}\n`)
		},
		close: status.close,
	}
}
