import type { Row } from './numbered.ts'

type Fields = { readonly [field: string]: Row }

const INERT = 'kept, hashed and shown, as in mlua-swarm, where nothing reads it either; a run is the same with and without it'

/** What each field of a Blueprint does, by the title of its table in the schema; tables that only hold others have no row. */
const FIELDS: { readonly [table: string]: Fields } = {
	Blueprint: {
		schema_version: ['the version of the format the document was written for', INERT],
		id: 'the name under which the document is registered and launched',
		flow: 'the flow is what a run evaluates',
		default_agent_kind: 'an agent included from a file without a kind of its own has this one',
		default_operator_kind: 'agents whose operator says no kind have this one',
		default_init_ctx: 'a run starts with it, under what the launch gives',
		default_agent_ctx: 'every agent is shown it, under what is nearer',
		degradation_policy: 'fail: an attempt whose worker reported a degradation fails',
		default_runner: 'an agent that names no runner has this one',
		check_policy: 'says what becomes of an output that cannot be shown as a file',
		blueprint_ref_includes: 'included files are looked for in these folders, after the base',
	},
	AgentDef: {
		name: 'a step is given to the agent that its ref names',
		kind: 'says which backend performs the steps of the agent',
		spec: 'is what that backend is told',
		runner_ref: 'an agent runs as the runner of this name says',
		lints: 'levels of findings about the agent, heard before those of the metadata',
	},
	AgentProfile: {
		system_prompt: 'is rendered for each attempt and given to whoever performs it',
		model: 'is the model that the agent is performed by, or that is asked of the client',
		effort: 'is how hard the model of an agent_block is asked to think',
		tools: 'are the tools that the agent gets where its runner names none',
		description: ['what the agent is for', INERT],
		extras: 'hold the further keys of an agent file, of which findings look at expected_output',
		version_hash: 'tells an agent that came from a file, which has to say what it brings',
		worker_binding: 'is a runner in a client, of this variant, where no runner is named',
	},
	AgentMeta: {
		description: ['what the agent is for', INERT],
		version: ['the version of the agent', INERT],
		tags: ['words to find the agent by', INERT],
		ctx: 'the agent is shown it, before what its meta and the Blueprint say',
		meta_ref: 'the agent is shown the ctx of the meta of this name',
		projection_name: 'is the name under which the outputs of the agent are found',
	},
	ContextPolicy: {
		include: 'only these keys of the context are shown',
		exclude: 'these keys of the context are not shown',
		steps: 'only the outputs of these steps are told of',
		steps_exclude: 'the outputs of these steps are not told of',
	},
	Runner: {
		backend: 'says where the agent runs',
		variant: 'is the kind of worker that the client is told to start',
		tools: 'are asked of the client, before those of the profile',
		template: 'names the child process that the agent is performed by',
	},
	SubprocessOverrides: {
		model: 'fills {model} before the profile',
		tools: 'fill {tools_csv} before the profile',
		cwd: 'is where the child starts, before the folder of the template',
	},
	VerdictContract: {
		channel: 'says where the verdict is looked for: the value, or the part named verdict',
		values: 'a Final with another verdict is refused',
	},
	Policy: {
		timeout_ms: 'an attempt that outlives it fails with attempt_timeout',
		on_restart: 'fail ends a step whose attempt the death of the server interrupted',
		children: 'no more attempts of child processes of the agent are at work in a run at a time',
		approve: 'a step waits for a grant before it begins',
	},
	RetryPolicy: {
		max_attempts: 'so many attempts are made before a step fails',
		backoff_ms: 'is waited before the second attempt',
		factor: 'multiplies the wait from one attempt to the next',
		max_backoff_ms: 'no wait is longer',
		jitter: 'is the share of a wait that is left to chance',
	},
	Budget: {
		wall_ms: 'no attempt is made, or waited for, after so much time',
		attempts: 'no more attempts are made',
		tokens: 'no attempt is made once workers reported so many',
		cost_usd: 'no attempt is made once workers reported so much',
	},
	ApprovalPolicy: {
		when: 'before_spawn, the only moment, is before the first attempt',
		approvers: 'only these may answer',
		required: 'so many have to grant',
		deadline_ms: 'nobody may answer later',
		on_timeout: 'says what the passing of the deadline means',
		form: 'says what the approver fills in, and the answer has to fit',
	},
	OperatorDef: {
		name: 'is a seat of the run, which operator_ref names',
		display_name: ['the name of the seat for people', INERT],
		kind: 'agents that name this operator have its kind, before that of the Blueprint',
		spec: ['free settings of the seat', INERT],
	},
	MetaDef: {
		name: 'is what meta_ref and $step_meta name',
		ctx: 'is shown to the agents and steps that name it',
	},
	CompilerHints: {
		per_agent: 'are for the backend that a host registers for the kind of the agent; ours need none',
		global: 'is for backends of a host, too',
	},
	CompilerStrategy: {
		strict_refs: 'off, a step without an agent fails when it is reached instead of refusing the launch',
		strict_kind: 'off, an agent of a kind nobody serves is left out instead of refusing the launch',
		strict_binding: 'a launch is refused unless the manifest of its operator covers every agent with a runner',
	},
	BlueprintOrigin: {
		kind: ['where the document came from', INERT],
		path: ['the file it came from', INERT],
		session_id: ['the session that made it', INERT],
	},
	BlueprintMetadata: {
		description: ['what the document is for', INERT],
		tags: ['words to find it by', INERT],
		version_label: 'a launch by a semantic requirement picks the highest label',
		project_name_alias: 'stands in the directives of operators, with what is expected of their sessions',
		default_run_ttl_secs: 'is the time to live of a run whose launch names none',
		strict_verdict_handling: 'a declared verdict that nothing compares refuses the launch, whatever lints say',
		lints: 'levels of findings about the document',
	},
	SpawnerHints: { layers: 'these layers are put around the attempts of the run' },
	ProjectionPlacementSpec: {
		root: 'outputs are written under this root, or the other where it is missing',
		dir_template: 'is the folder of the outputs under the root',
	},
	AuditDef: {
		agent: 'looks at finished steps, and leaves what it finds beside them',
		steps: 'only these steps are looked at; all without a list or with a star',
		mode: 'sync lets the step wait for the audit, async does not',
	},
	RunnerDef: { name: 'is what runner_ref and default_runner name' },
	SubprocessDef: {
		name: 'is what a runner names as its template',
		argv: 'is the program with its arguments, placeholders filled',
		stdin: 'is what the child reads, placeholders filled; nothing without it',
		env: 'are variables of the child, placeholders filled',
		cwd: 'is where the child starts, seen from the folder of the task',
		stream_mode: 'stdout is a stream of events in this framing',
	},
	SubprocessOutput: {
		format: 'json blocks the step when stdout is none',
		result_ptr: 'points to the value of the step in the JSON of stdout',
		ok_from: 'says what passes: the exit code, or a flag in the JSON',
	},
	SubprocessStats: {
		usage_ptr: 'points to the tokens, whose total is kept too',
		model_ptr: 'points to the model that really ran',
		num_turns_ptr: 'points to the number of turns',
	},
	RunPolicy: {
		timeout_ms: 'a run ends after so much work',
		children: 'no more attempts of child processes of the run are at work at a time',
	},
}

/** Fields by `03.<table>.<field>`. */
export const fieldRequirements = Object.entries(FIELDS).flatMap(([table, fields]) =>
	Object.entries(fields).map(([field, row]) => {
		const id = `03.${table}.${field}`
		return typeof row === 'string' ? { id, behaviour: row } : { id, behaviour: row[0], otherwise: row[1] }
	}),
)
