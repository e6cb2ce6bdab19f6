import { withAttachments } from '../../../core/worker/attachment.ts'
import { type Execution, type ExecutionContext, endedBy, refused } from '../../../core/worker/execution.ts'
import { messageOf } from '../../../kernel/error.ts'
import type { WorkerInput } from '../../../protocol/runtime-worker.ts'
import { runChild } from '../child.ts'
import type { WorkerCommand, WorkerProcessOptions } from './command.ts'
import { errorEvent, toEvent } from './event-line.ts'

/** A child for each turn; what was said before, it finds in the transcript. Exit code 0 is a turn that went well. */
export function oneShotExecution(command: WorkerCommand, context: ExecutionContext, options: WorkerProcessOptions): Execution {
	let turn: { readonly abort: AbortController; readonly done: Promise<void> } | null = null
	const end = async (): Promise<void> => {
		turn?.abort.abort(new Error('the worker was ended'))
		await turn?.done
	}
	return {
		input(input) {
			if (turn !== null) return refused('input', 'busy', 'already running')
			return {
				runState: 'busy',
				begin() {
					const abort = new AbortController()
					const done = runTurn(command, context, options, input, abort).finally(() => {
						turn = null
					})
					turn = { abort, done }
				},
			}
		},
		...endedBy(end),
		method({ method }) {
			if (method !== 'cancel' || turn === null) return false
			turn.abort.abort(new Error('the turn was cancelled'))
			return true
		},
		close: end,
	}
}

async function runTurn(
	{ settings, env, key }: WorkerCommand,
	context: ExecutionContext,
	options: WorkerProcessOptions,
	input: WorkerInput,
	abort: AbortController,
): Promise<void> {
	const { turn_timeout_ms: turnMs, stdin = 'prompt' } = settings
	const tooLong = new Error(`the turn took longer than ${turnMs} ms`)
	let leave = (): void => {}
	let cancelTimer = (): void => {}
	try {
		leave = await options.childSlots.takeForTurn(abort.signal)
		if (turnMs !== undefined) cancelTimer = options.clock.after(turnMs, () => abort.abort(tooLong))
		const lines = await context.transcript()
		const said = await Promise.all(lines.map((line) => withAttachments(line, context.attachment)))
		const transcript = JSON.stringify(lines.map(({ role }, at) => ({ role, content: said[at] ?? '' })))
		const prompt = await withAttachments(input, context.attachment)
		const values = { prompt, transcript, worker_id: context.workerId }
		const output = newOutput(settings.output ?? 'text', context, options)
		const { code, signal, stderr } = await runChild(
			{
				argv: settings.argv.map((part) =>
					part.replace(/\{(prompt|transcript|worker_id)\}/g, (_, name: keyof typeof values) => values[name]),
				),
				...{ env, cwd: settings.cwd, key, onOutput: output.take },
				input: stdin === 'none' ? undefined : new TextEncoder().encode(stdin === 'prompt' ? prompt : transcript),
			},
			abort.signal,
			{ ...options, ...(options.childList && { childList: options.childList }) } as Parameters<typeof runChild>[2],
		)
		output.end()
		if (code === 0) context.publish({ event: 'run_end', data: { result: 'finished' } })
		else context.publish(errorEvent(`the process ended ${code === null ? `by ${signal}` : `with code ${code}`}: ${stderr.trim()}`))
	} catch (error) {
		context.publish(errorEvent(messageOf(error)))
	} finally {
		cancelTimer()
		leave()
	}
}

/** What a child writes, as the worker's own: text as it comes and whole at the end, or events line by line. */
function newOutput(kind: 'text' | 'events', context: ExecutionContext, { log }: WorkerProcessOptions) {
	const decoder = new TextDecoder()
	let text = ''
	const lines = (isLast: boolean): void => {
		const parts = text.split('\n')
		text = isLast ? '' : (parts.pop() ?? '')
		for (const line of parts) {
			const event = line.trim() === '' ? null : toEvent(line, 'text', log)
			if (event) context.publish(event)
		}
	}
	return {
		async take(chunk: Uint8Array): Promise<void> {
			const more = decoder.decode(chunk, { stream: true })
			text += more
			if (kind === 'events') lines(false)
			else context.publish({ event: 'text_delta', data: { text: more } })
			await context.flushed()
		},
		end(): void {
			if (kind === 'events') lines(true)
			else context.publish({ event: 'text_done', data: { text: text.trimEnd() } })
		},
	}
}
