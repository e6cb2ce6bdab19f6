import type { Event } from '../../protocol/event.ts'
import type { Attributes } from './span.ts'

type Data = Event['data']

export function textIn(data: Data, key: string): string | undefined {
	const value = data[key]
	return typeof value === 'string' ? value : undefined
}

export function numberIn(data: Data, key: string): number | undefined {
	const value = data[key]
	return typeof value === 'number' ? value : undefined
}

/** The attributes whose values are there. */
export function present(values: { readonly [key: string]: string | number | boolean | null | undefined }): Attributes {
	const attributes: { [key: string]: string | number | boolean } = {}
	for (const [key, value] of Object.entries(values)) if (value !== undefined && value !== null) attributes[key] = value
	return attributes
}

/** Why something failed, as facts about attempts and steps have it. */
export const failureIn = (data: Data): { readonly code: string | undefined; readonly message: string | undefined } => ({
	code: textIn(data, 'code'),
	message: textIn(data, 'error') ?? textIn(data, 'reason') ?? textIn(data, 'message'),
})

/** Why a run failed: by itself with a structure, or ended from outside with a code and a reason. */
export function runFailureIn(data: Data): {
	readonly code: string | undefined
	readonly message: string | undefined
	readonly step?: string
} {
	const { error } = data
	if (typeof error !== 'object' || error === null) return failureIn(data)
	const { code, message, failed_step: step } = error as { readonly [key: string]: unknown }
	return {
		code: typeof code === 'string' ? code : undefined,
		message: typeof message === 'string' ? message : undefined,
		...(typeof step === 'string' && { step }),
	}
}

/** What a worker says about its own work, in the words of OpenTelemetry's conventions for generative AI. */
export function workerAttributes(agent: string, data: Data): Attributes {
	const model = textIn(data, 'model')
	const usage = typeof data.usage === 'object' && data.usage !== null ? (data.usage as Data) : undefined
	const isModel = model !== undefined || usage !== undefined
	return present({
		'mse.worker.kind': textIn(data, 'worker_kind'),
		'mse.worker.turns': numberIn(data, 'num_turns'),
		'mse.worker.cost_usd': numberIn(data, 'cost_usd'),
		...(isModel && {
			'gen_ai.operation.name': 'invoke_agent',
			'gen_ai.agent.name': agent,
			'gen_ai.provider.name': textIn(data, 'provider'),
			'gen_ai.response.model': model,
			'gen_ai.usage.input_tokens': usage && numberIn(usage, 'input_tokens'),
			'gen_ai.usage.output_tokens': usage && numberIn(usage, 'output_tokens'),
		}),
	})
}
