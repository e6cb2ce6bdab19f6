import { isStepCount, type LanguageModel, streamText, type TextStreamPart, type ToolSet } from 'ai'
import type { AgentContext, Attempt, Completion } from '../../core/dispatch/backend.ts'
import { WorkerFailed } from '../../core/dispatch/worker-failed.ts'
import { asText } from '../../kernel/json.ts'
import type { Report } from './builtin-tool.ts'
import type { Progress } from './progress.ts'
import { reasonOf } from './reason.ts'
import { newTally, type Tally } from './tally.ts'
import type { AgentWork } from './work.ts'

export interface Conversation {
	readonly model: LanguageModel
	readonly tools: ToolSet
	readonly report: Report
	readonly progress: Progress
	/** Of one answer. */
	readonly limitBytes: number
}

/** For answers that turn into an error once they have begun; the rest was tried again below. */
const STREAM_TRIES = 2

/**
 * Lets the model work until it answers without calling a tool; the text of that last turn is the value. A reported failure, too
 * many turns and an empty budget block the step, and the value says why. Throws where no proper answer came.
 */
export async function converse(conversation: Conversation, work: AgentWork, attempt: Attempt): Promise<Completion> {
	const { tools, report } = conversation
	const tally = newTally(work.model)
	const { maxTurns, maxOutputTokens } = work.spec
	const instructions = instructionsOf(work, attempt.context)
	const { stream } = streamText({
		...{ model: conversation.model, tools, prompt: asText(attempt.prompt), maxRetries: STREAM_TRIES },
		...(instructions !== '' && { instructions }),
		...(maxOutputTokens !== undefined && { maxOutputTokens }),
		...(work.effort && { reasoning: work.effort }),
		stopWhen: [isStepCount(maxTurns), () => report.reason !== undefined, () => overBudget(work, tally) !== null],
		abortSignal: attempt.signal,
		// Errors come with the stream as well; without this they go to the console.
		onError: () => {},
	})
	try {
		const end = await listen(conversation, stream, tally)
		attempt.signal.throwIfAborted()
		return settle(work, tally, report, end)
	} catch (thrown) {
		throw withUsage(attempt.signal.aborted ? attempt.signal.reason : thrown, tally)
	}
}

/** What the turns before the failure used is paid for all the same. */
function withUsage(thrown: unknown, tally: Tally): unknown {
	return tally.turns === 0 ? thrown : new WorkerFailed(reasonOf(thrown), { stats: tally.stats(), cause: thrown })
}

interface End {
	readonly text: string
	readonly reason: string
}

async function listen({ progress, limitBytes }: Conversation, stream: AsyncIterable<TextStreamPart<ToolSet>>, tally: Tally): Promise<End> {
	let text = ''
	let reason = 'nothing'
	for await (const part of stream) {
		if (part.type === 'start-step') text = ''
		else if (part.type === 'text-delta') {
			text += part.text
			if (text.length > limitBytes) throw new Error(`the answer is over the limit of ${limitBytes} bytes (limits.output_bytes)`)
			await progress.text(part.text)
		} else if (part.type === 'tool-call') await progress.note('tool', part.toolName)
		else if (part.type === 'tool-error') await progress.note('tool_failed', `${part.toolName}: ${reasonOf(part.error)}`)
		else if (part.type === 'finish-step') {
			tally.turn(part.usage, part.response.modelId)
			reason = part.finishReason
		} else if (part.type === 'error') throw part.error
	}
	await progress.flush()
	return { text, reason }
}

function settle(work: AgentWork, tally: Tally, report: Report, { text, reason }: End): Completion {
	const stats = tally.stats()
	const blocked = (value: string): Completion => ({ final: { value, ok: false }, stats })
	if (report.reason !== undefined) return blocked(report.reason)
	if (reason === 'stop') return { final: { value: text, ok: true }, stats }
	if (reason === 'tool-calls')
		return blocked(overBudget(work, tally) ?? `agent '${work.agent}' gave no answer within ${work.spec.maxTurns} turns (spec.max_turns)`)
	throw new Error(BROKEN_OFF[reason] ?? `the model's answer broke off (${reason})`)
}

const BROKEN_OFF: Readonly<Record<string, string>> = {
	length: "the model's answer was cut at its output limit (spec.max_output_tokens)",
	'content-filter': "the model's answer was withheld by the provider's content filter",
}

/** Which budget is used up, as a sentence; null when none is. */
function overBudget({ agent, budget }: AgentWork, { tokens, costUsd }: Tally): string | null {
	if (budget.tokens !== undefined && tokens >= budget.tokens)
		return `agent '${agent}' used ${tokens} of ${budget.tokens} tokens without an answer (policy.budget.tokens)`
	if (budget.cost_usd !== undefined && costUsd !== undefined && costUsd >= budget.cost_usd)
		return `agent '${agent}' used ${costUsd} of ${budget.cost_usd} US dollars without an answer (policy.budget.cost_usd)`
	return null
}

/** The system prompt, and what the agent may know of its task. */
function instructionsOf({ system }: AgentWork, { extra, ...known }: AgentContext): string {
	const context = { ...known, ...extra }
	const told = Object.keys(context).length === 0 ? '' : `What is known of the task, as JSON:\n${JSON.stringify(context, null, 2)}`
	return [system.trim() === '' ? '' : system, told].filter((text) => text !== '').join('\n\n')
}
