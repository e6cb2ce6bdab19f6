import { llmBackend } from '../../../src/backend/llm/backend.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { backendContract } from '../../contract/backend.ts'
import type { Turn } from '../../support/llm-server.ts'
import { agentOf, lastUserText, llmWorld } from './llm-world.ts'

const textOnly = { reason: 'a model answers with a text; the dispatcher makes JSON of it', tests: ['a value passes as it is'] }

for (const provider of ['anthropic', 'openai']) {
	backendContract(
		`llm, ${provider}`,
		async () => {
			const open = new Set<AbortSignal>()
			const counting: typeof world.options.fetch = async (input, init) => {
				if (init?.signal) open.add(init.signal)
				return fetch(input, init)
			}
			const world = llmWorld({ script: scripted, llm: { provider } })
			return {
				backend: llmBackend({ ...world.options, fetch: counting }),
				passes: agentOf({}, { system_prompt: 'pass' }),
				blocks: agentOf({}, { system_prompt: 'block' }),
				fails: agentOf({}, { system_prompt: 'fail' }),
				waits: agentOf({}, { system_prompt: 'wait' }),
				invalid: agentOf({ max_turns: 0 }),
				workingOn: () => [...open].filter((signal) => !signal.aborted).length,
				[Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
			}
		},
		{ cannot: [textOnly] },
	)
}

/** What the model does is in its system prompt. */
function scripted(request: { readonly body: JsonObject }): Turn {
	const body = JSON.stringify(request.body)
	if (body.includes('"wait"')) return { text: 'thinking', hang: 'midway' }
	if (body.includes('"fail"')) return { status: 400, raw: '{"type":"error","error":{"type":"invalid_request_error","message":"boom"}}' }
	if (body.includes('"block"')) return { calls: [{ name: 'report_failure', input: { reason: lastUserText(request) } }] }
	return { text: lastUserText(request) }
}
