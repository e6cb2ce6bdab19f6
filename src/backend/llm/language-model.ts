import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import type { LanguageModel } from 'ai'
import type { ModelChoice } from './model.ts'
import type { Fetch } from './patient-fetch.ts'

// The SDK's hints for programmers are no log lines of ours. It offers no other switch.
globalThis.AI_SDK_LOG_WARNINGS = false

/** The client of the `ai` SDK for a model; all its requests go through `fetch`. */
export function languageModel({ provider, baseUrl, key, model }: ModelChoice, fetch: Fetch): LanguageModel {
	const through = { fetch: Object.assign(fetch, { preconnect: () => {} }), baseURL: baseUrl }
	// An empty key, unlike none, keeps the client from looking for one in the environment.
	if (provider === 'anthropic') return createAnthropic({ ...through, apiKey: key ?? '' })(model)
	return createOpenAICompatible({
		...through,
		name: 'openai',
		includeUsage: true,
		...(key !== null && { apiKey: key }),
		...(isOpenAi(baseUrl) && { transformRequestBody: renameLimit }),
	})(model)
}

const isOpenAi = (baseUrl: string): boolean => new URL(baseUrl).hostname === 'api.openai.com'

/** OpenAI's own newer models refuse the old name, which everybody else still uses. */
function renameLimit({ max_tokens, ...body }: Record<string, unknown>): Record<string, unknown> {
	return max_tokens === undefined ? body : { ...body, max_completion_tokens: max_tokens }
}
