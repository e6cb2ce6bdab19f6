import type { TSchema } from '@sinclair/typebox'
import { Check } from '@sinclair/typebox/value'

const HASH = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'
const NEXT_HASH = '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae'
const STEP = 'ST-1K9X2M4QZ7'
const RUN = 'R-1K9X2M4QZ5'
const TASK = 'T-1K9X2M4QZ3'
const STEP_NODE = { kind: 'step', ref: 'greeter', in: { op: 'path', at: '$.name' }, out: { op: 'path', at: '$.greeting' } }

/** A whole small Blueprint. */
export const blueprintExample = {
	id: 'hello',
	flow: STEP_NODE,
	agents: [{ name: 'greeter', kind: 'rust_fn', spec: { fn_id: 'identity' } }],
}

/**
 * What a key of that name looks like in examples, by the name alone: the first value that fits the schema counts. A schema
 * that means something else by the name brings `examples` of its own.
 */
const WORDS: { readonly [name: string]: readonly unknown[] } = {
	...{ run_id: [RUN], task_id: [TASK, STEP], step_id: [STEP], sid: ['S-1K9X2M4QZ1'], operator_sid: ['S-1K9X2M4QZ1'] },
	...{ req_id: ['RQ-1K9X2M4QZ9'], issue_id: ['I-1K9X2M4QZB'], out_id: ['OUT-1K9X2M4QZC'] },
	...{ session_id: ['5f0c6d1b9f5a4d0f8f0e6a1b2c3d4e5f'], public_id: ['S-1K9X2M4QZ1'], agent_id: ['reviewer'], blueprint_id: ['hello'] },
	...{ id: ['hello'], name: ['greeter'], agent: ['greeter'], producer_agent: ['greeter'], ref: ['greeter'], step_ref: ['greeter'] },
	...{ role: ['worker'], roles: [['main']], version: [HASH, { kind: 'latest' }], hash: [HASH], new_hash: [NEXT_HASH] },
	...{ prev_hash: [HASH], sha256: [HASH], binding_digest: [HASH], new_version: [NEXT_HASH], bound_version: [HASH] },
	...{ expected_head: [HASH], parent: [HASH], request_digest: [HASH], from: [HASH], to: [NEXT_HASH], version_label: ['1.2.0'] },
	...{ author: ['http'], rationale: ['Greets by name.'], seq: [12], blueprint: [{ kind: 'id', id: 'hello' }, blueprintExample] },
	...{ init_ctx: [{ name: 'Ada' }], input_ctx: [{ name: 'Ada' }], final_ctx: [{ name: 'Ada', greeting: 'Ada' }], goal: ['Greet Ada'] },
	...{ intent: ['Greet in French as well.'], ttl_secs: [1800], effective_ttl_secs: [1800], created_at: [1_763_721_272] },
	...{ updated_at: [1_763_721_275], committed_at: [1_763_721_272], at: [1_763_721_272_104], ts_ms: [1_763_721_272_104] },
	...{ created_at_secs: [1_763_721_272], deadline_at_secs: [1_763_807_672], age_secs: [3] },
	...{ token: ['5f0c6d1b9f5a4d0f8f0e6a1b2c3d4e5f'], capability_token: ['eyJhZ2VudF9pZCI6ImdyZWV0ZXIifQ'] },
	...{ directive: ['Start a worker.'], desc: ['the client on my desk'], op: ['S-1K9X2M4QZ1'], gen: [1], next_generation: [1] },
	...{ generation: [1], slot: ['main'], attempt: [1], position: ['/0'] },
	...{ status: ['done', 'pending', 'ok', 'pass', 'applied', 'succeeded'], kind: ['rust_fn', 'spawn', 'run.done'], ok: [true] },
	...{ connected: [true], archived: [false], seeded: [true], restored: [true], ready: [true], vacant: [false], declared: [true] },
	...{ enabled: [true], truncated: [false], informational: [false], strict_binding: [false], ttl_enforced: [true] },
	...{
		enhance_flow_enabled: [false],
		traces_enabled: [false],
		reasons: [[]],
		notes: [[]],
		conflicts: [['main']],
		total: [1],
		count: [1],
		limit: [100],
	},
	...{ observed: [[]], observed_total: [0], running_runs: [2], attached_operators: [1], replayed_steps: [4], num_turns: [3] },
	...{ message: ['The flow has no step.'], error: ['Run R-0 does not exist.'], code: ['unknown_run'], detail: ['renders a template'] },
	...{ reason: ['Not wanted any more.'], note: ['It is optional.'], parts_note: ['Parts are named in the order they came.'] },
	...{ prompt: ['Ada'], system: ['You greet people.'], model: ['claude-sonnet'], worker_kind: ['claude-code'] },
	...{ variant: ['mse-worker'], tools: [['Read']], value: ['Ada'], result: [{ ok: true }], question: ['May I go on?'] },
	...{ result_ref: [{ greeting: 'Ada' }], tool: ['web_search'], fallback: ['answered from memory'], chunk: ['Ada'] },
	...{ stage: ['reading'], path: ['/agents/0/name'], mime: ['text/plain'], content_type: ['application/json'] },
	...{ source: ['data_plane', 'agent_inline'], preview: ['"Ada"'], size_bytes: [5] },
	...{ content_url: [`/v1/tasks/${TASK}/runs/${RUN}/steps/greeter/content`], projection_name: ['greeter'], naming_warnings: [[]] },
	...{ api_versions: [['v1']], api_version: ['v1'], features: [['received']], bind: ['127.0.0.1:7777'], blueprint_backend: ['sqlite'] },
	...{ seed_blueprint_id: ['main'], registered_blueprint_ids: [['hello']], registered_blueprint_count: [1], check_policy: ['warn'] },
	...{ legacy_worker_binding_policy: ['allow'], period_secs: [30], runs: [4], errors: [0], panics: [0], acted_total: [1] },
	...{ blueprint_ref: [{ kind: 'id', id: 'hello' }], parent_refs: [[]], scopes: [['submit']], meta: [{}], verifier_axes: [['tests']] },
	...{ axis: ['tests'], verdicts: [[{ axis: 'tests', status: 'pass', detail: 'all pass' }]], last_rendered_bytes: [412], bytes: [412] },
	...{ lines: [9], declared_tools_count: [1], system_prompt_bytes: [412], effective_ctx_key_count: [2] },
	...{ template_variables: [['name']], from_step: ['greeter'], changed: [[RUN]], current: [2], closed: [[]], dropped_steps: [1] },
	...{ runner_source: ['agent_inline'], joined_at_secs: [1_763_721_272], last_activity_secs: [1_763_721_275] },
	...{ at_secs: [1_763_721_272], closed_at: [1_763_721_272], missing_requested_tools: [[]], additional_effective_tools: [[]] },
	...{ model_changed: [false], launch_variant_changed: [false], route: [`/v1/runs/${RUN}/trace`], latest_seq: [41] },
	...{ final_present: [true], final_ok: [true], material_route: [`/v1/runs/${RUN}/material?step_id=${STEP}`] },
	...{ task_metadata: [{ ticket: 'A-7' }], task_metadata_omitted: [false], text_truncated: [false] },
	...{ project_root: ['/home/ada/project'], work_dir: ['/home/ada/project'], data: [{ ended: 'done' }], payload: [{ status: 'done' }] },
	...{ runtime_id: ['runtime-mem-0000000000000001'], worker_id: ['worker-00000001'], worker_count: [1], active_worker_count: [1] },
	...{ stopped_worker_count: [0], cancelled_worker_count: [0], diagnostic_count: [2], max_transcript_projection_items: [256] },
	...{
		max_event_batch_items: [256],
		available: [true],
		next_event_id: [3],
		transcript_sequence: [1],
		event_id: [3, 'wo_0000000000000001'],
	},
	...{ sequence: [1], total_items: [1], start: [0], transcript_len: [1], last_event_id: [3], requested_capability_count: [0] },
	...{ has_config_bundle: [false], has_more: [false], backend_profile: ['builtin:echo'], digest: [HASH], revision: ['rev-1'] },
	...{ workspace_id: ['workspace-1'], profile_count: [1], declaration_count: [1], deleted: [true], objective: ['Review the change.'] },
	...{ cursor: ['wo_0000000000000001'], event: ['text_done'], method: ['run'], reference: ['secret:github-token'] },
	...{ issued_at: [1_763_721_272], expire_at: [1_763_724_872], extra: [{}], data_dir: ['/home/ada/.mse/data'] },
}

/**
 * An example of what a schema describes, or undefined when a part of it has none: its own `examples`, else what its name
 * stands for, else put together from what is required in it.
 */
export function exampleOf(schema: TSchema, name = ''): unknown {
	const own: unknown = schema.examples
	if (Array.isArray(own)) return own[0]
	if (schema.const !== undefined) return schema.const
	const word = Object.hasOwn(WORDS, name) ? WORDS[name]?.find((candidate) => fits(schema, candidate)) : undefined
	if (word !== undefined) return word
	if (Array.isArray(schema.anyOf)) return firstOf(schema.anyOf, name)
	if (schema.type === 'object') return objectOf(schema)
	if (schema.type === 'array') return listOf(schema.items, name)
	return schema.type === 'null' ? null : undefined
}

function fits(schema: TSchema, value: unknown): boolean {
	return Check(schema, value)
}

function firstOf(members: readonly TSchema[], name: string): unknown {
	const found = members.map((member) => exampleOf(member, name))
	return found.find((value) => value !== undefined && value !== null) ?? found.find((value) => value !== undefined)
}

function objectOf({ properties = {}, required = [], patternProperties }: TSchema): unknown {
	if (patternProperties !== undefined) return {}
	const entries = (required as string[]).map((key) => [key, exampleOf(properties[key], key)] as const)
	return entries.some(([, value]) => value === undefined) ? undefined : Object.fromEntries(entries)
}

function listOf(items: TSchema, name: string): unknown {
	const item = exampleOf(items, name)
	return item === undefined ? undefined : [item]
}
