import { type Static, Type } from '@sinclair/typebox'
import { parseConfigTable } from '../../kernel/config-table.ts'

const Dollars = Type.Number({ minimum: 0 })

/** US dollars for a million tokens. */
const PriceSchema = Type.Object(
	{ input: Dollars, output: Dollars, cached_input: Type.Optional(Dollars) },
	{ additionalProperties: false, description: 'a table {input, output, cached_input?} in US dollars for a million tokens' },
)
export type Price = Static<typeof PriceSchema>

const filled = { minLength: 1, description: 'a text that is not empty' }

const LlmSchema = Type.Object(
	{
		provider: Type.Union([Type.Literal('anthropic'), Type.Literal('openai')], {
			description: '"anthropic", or "openai" for everything that speaks its chat completions',
		}),
		base_url: Type.Optional(Type.String({ pattern: '^https?://.+', description: 'an http(s) URL' })),
		api_key_env: Type.Optional(
			Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$', description: 'the name of a variable, not the key itself' }),
		),
		model: Type.Optional(Type.String(filled)),
		price: Type.Optional(PriceSchema),
		retries: Type.Optional(Type.Integer({ minimum: 0, maximum: 20, description: 'a whole number from 0 to 20' })),
		idle_timeout_secs: Type.Optional(Type.Integer({ minimum: 1, description: 'a whole number of seconds, 1 or more' })),
	},
	{ additionalProperties: false, description: 'a table' },
)

/** A table `[llm.<name>]` of the config file. */
export type LlmSetting = Static<typeof LlmSchema>

/** The section `llm` of the config file. Throws `config_invalid` naming the first key that is wrong; no value is repeated. */
export function parseLlmSettings(section: Readonly<Record<string, unknown>>): ReadonlyMap<string, LlmSetting> {
	return new Map(Object.entries(section).map(([name, raw]) => [name, parseConfigTable(['llm', name], LlmSchema, raw)]))
}
