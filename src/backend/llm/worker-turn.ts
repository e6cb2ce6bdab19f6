import { type ModelMessage, streamText } from 'ai'
import { withAttachments } from '../../core/worker/attachment.ts'
import type { ExecutionContext } from '../../core/worker/execution.ts'
import type { LlmProfile } from '../../protocol/runtime-profile.ts'
import { languageModel } from './language-model.ts'
import type { ModelChoice } from './model.ts'
import { type Fetch, patientFetch } from './patient-fetch.ts'
import { reasonOf } from './reason.ts'
import { redactor } from './redact.ts'
import type { LlmWorkerOptions } from './worker-option.ts'

export interface LlmTurn {
	readonly model: ModelChoice
	readonly settings: LlmProfile
	readonly context: ExecutionContext
	readonly options: LlmWorkerOptions
	readonly signal: AbortSignal
	/** To be called before the end of the turn is told: who hears of it may give the next one at once. */
	free(): void
}

const TURN_MS = 600_000
const STREAM_TRIES = 2

/** One answer of the model, told piece by piece. Never throws: what goes wrong is told as an error. */
export async function runTurn(turn: LlmTurn): Promise<void> {
	const { settings, context, options, model, signal } = turn
	const limitMs = settings.turn_timeout_ms ?? TURN_MS
	const late = new AbortController()
	const cancelTimer = options.clock.after(limitMs, () => late.abort(new Error(`the turn took longer than ${limitMs} ms`)))
	const stop = AbortSignal.any([signal, late.signal])
	try {
		const { text, isCut } = await answer(turn, stop)
		context.publish({ event: 'text_done', data: { text } })
		turn.free()
		context.publish({ event: 'run_end', data: { result: isCut ? 'limit_reached' : 'finished' } })
	} catch (thrown) {
		const why = stop.aborted ? stop.reason : thrown
		turn.free()
		context.publish({ event: 'error', data: { code: 'provider_error', message: redactor([model.key])(reasonOf(why)) } })
	} finally {
		cancelTimer()
	}
}

interface Answer {
	readonly text: string
	/** The model stopped at a limit of its output. */
	readonly isCut: boolean
}

async function answer(turn: LlmTurn, signal: AbortSignal): Promise<Answer> {
	const { settings, context, model, options } = turn
	const messages = await toMessages(context)
	context.publish({ event: 'status', data: { status: 'running' } })
	context.publish({ event: 'llm_call_start', data: { llm_call: 1 } })
	const { stream } = streamText({
		...{ model: languageModel(model, fetchOf(turn)), messages, maxRetries: STREAM_TRIES, abortSignal: signal },
		...(settings.system !== undefined && { instructions: settings.system }),
		...(settings.max_output_tokens !== undefined && { maxOutputTokens: settings.max_output_tokens }),
		// Errors come with the stream as well; without this they go to the console.
		onError: () => {},
	})
	let text = ''
	let reason = 'nothing'
	for await (const part of stream) {
		if (part.type === 'error') throw part.error
		if (part.type === 'text-delta') {
			text += part.text
			if (text.length > options.outputBytes) throw new Error(`the answer is over ${options.outputBytes} bytes (limits.output_bytes)`)
			context.publish({ event: 'text_delta', data: { text: part.text } })
			// A model that is quicker than the disk waits for it.
			await context.flushed()
		} else if (part.type === 'finish-step') {
			const { inputTokens = null, outputTokens = null, inputTokenDetails } = part.usage
			const cached = inputTokenDetails.cacheReadTokens ?? null
			context.publish({ event: 'usage', data: { input_tokens: inputTokens, output_tokens: outputTokens, cache_read_input_tokens: cached } })
			reason = part.finishReason
		}
	}
	signal.throwIfAborted()
	context.publish({ event: 'llm_call_end', data: { llm_call: 1 } })
	if (reason !== 'stop' && reason !== 'length') throw new Error(`the model's answer broke off (${reason})`)
	return { text, isCut: reason === 'length' }
}

function fetchOf({ model, options, context }: LlmTurn): Fetch {
	let failures = 0
	const began = options.clock.now()
	return patientFetch({
		...{ fetch: options.fetch, clock: options.clock, retries: model.retries, idleTimeoutMs: model.idleTimeoutMs },
		onWait(why, waitMs) {
			failures++
			const tries = { failed_attempt: failures, max_attempts: model.retries + 1, wait_ms: waitMs }
			const error = redactor([model.key])(`the model server ${why}`)
			context.publish({ event: 'llm_retry', data: { llm_call: 1, ...tries, elapsed_ms: options.clock.now() - began, error } })
		},
	})
}

/** The conversation as models know it: turns that failed are no part of it, and what a system said comes from the other side. */
async function toMessages({ transcript, attachment }: ExecutionContext): Promise<ModelMessage[]> {
	const lines = (await transcript()).filter(({ role, content }) => role !== 'system' || !content.startsWith('error: '))
	const contents = await Promise.all(lines.map((line) => withAttachments(line, attachment)))
	return lines.map(({ role }, at): ModelMessage => ({ role: role === 'assistant' ? 'assistant' : 'user', content: contents[at] ?? '' }))
}
