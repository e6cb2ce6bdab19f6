import { isJsonObject, type Json } from '../../kernel/json.ts'
import { BlueprintSchema } from '../../protocol/blueprint.ts'
import { AgentDefSchema } from '../../protocol/blueprint-agent.ts'

/** What says what an object is, then the keys of flows as people read them, then those of the document. */
const ORDER: readonly string[] = [
	...['$agent_md', '$file', 'kind', 'op', 'backend', 'schema_version', 'id', 'name', 'ref', 'at', 'counter', 'cond', 'max'],
	...['items', 'bind', 'in', 'lhs', 'rhs', 'needle', 'haystack', 'arg', 'args', 'value', 'then', 'else', 'children', 'body', 'catch'],
	...['err_at', 'join', 'out', ...Object.keys(BlueprintSchema.properties), ...Object.keys(AgentDefSchema.properties)],
]
const RANK: ReadonlyMap<string, number> = new Map([...ORDER].reverse().map((key, index) => [key, ORDER.length - index]))

/** The same document with its keys in one order, whatever order a script made them in. */
export function inKeyOrder(value: Json): Json {
	if (Array.isArray(value)) return value.map(inKeyOrder)
	if (!isJsonObject(value)) return value
	const rank = (key: string): number => RANK.get(key) ?? ORDER.length + 1
	const keys = Object.keys(value).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
	return Object.fromEntries(keys.map((key) => [key, inKeyOrder(value[key] ?? null)]))
}
