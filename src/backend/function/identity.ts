import { asText } from '../../kernel/json.ts'
import type { FunctionDef } from './function.ts'

/** Says who was asked what; its id and the shape of its value are part of the wire (mlua-swarm 0.1.0). */
export const identity: FunctionDef = {
	pure: true,
	run: ({ agent, prompt }) => ({ value: { by: 'baseline-identity', agent, echoed: asText(prompt) } }),
}
