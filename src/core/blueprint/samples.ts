import type { Json } from '../../kernel/json.ts'
import cliAgent from './sample/cli-agent.json' with { type: 'json' }
import fanOut from './sample/fan-out.json' with { type: 'json' }
import gate from './sample/gate.json' with { type: 'json' }
import hello from './sample/hello.json' with { type: 'json' }
import reviewLoop from './sample/review-loop.json' with { type: 'json' }

export interface BlueprintSample {
	readonly name: string
	readonly about: string
	readonly document: Json
}

/** Documents to start from, simplest first. Each runs as it is. */
export const samples: readonly BlueprintSample[] = [hello, gate, cliAgent, fanOut, reviewLoop].map((document) => ({
	name: document.id,
	about: document.metadata.description,
	document,
}))

/** What a new server has under its seed id: one step that says hello. */
export function seedBlueprint(id: string): Json {
	return {
		id,
		flow: { kind: 'step', ref: 'identity', in: { op: 'lit', value: 'hello' }, out: { op: 'path', at: '$.out' } },
		agents: [{ name: 'identity', kind: 'rust_fn', spec: { fn_id: 'identity' } }],
		metadata: { description: 'One step that answers with what it was given.', version_label: '0.1.0' },
	}
}
