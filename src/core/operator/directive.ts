import { asText, type Json } from '../../kernel/json.ts'

/** What a spawn's directive is made of. */
export interface DirectiveFacts {
	readonly agent: string
	/** The step's id, which the wire calls the task's. */
	readonly stepId: string
	readonly runId: string | null
	readonly handle: string
	/** Where workers reach this server; null when that is unknown. */
	readonly baseUrl: string | null
	/** The worker type that the Blueprint declares for the agent; null when it declares none. */
	readonly variant: string | null
	/** Base address of the data routes, when workers shall use them. */
	readonly dataBase: string | null
	readonly context: DirectiveContext
	/** File with the step's context, where one was written. */
	readonly contextFile?: string | null
	/** What this step is about, in the operator's sight; null when that is only for the worker. */
	readonly taskDirective: Json
}

/** What of the agent's context the operator is told. */
export interface DirectiveContext {
	readonly project_name_alias?: string
	readonly project_root?: string
	readonly work_dir?: string
	readonly task_metadata?: Json
	readonly extra?: { readonly [key: string]: Json }
}

/** Characters of the task that the operator is shown. */
const LONGEST_TASK = 16 * 1024

/**
 * The text an operator gets with a spawn: which worker to start, with which four lines, and what to leave alone. Clients
 * of mlua-swarm 0.1.0 and 0.26.0 match on its literals.
 */
export function spawnDirective(facts: DirectiveFacts): string {
	const blocks = [opening(facts), endpoints(facts), identity(facts), alias(facts), data(facts), start(facts), AFTERWARDS, closing(facts)]
	return blocks.filter((block) => block !== null).join('\n\n')
}

function opening({ agent }: DirectiveFacts): string {
	return `[agent_primitive dispatch=@${agent}]
A step of a running flow is yours to dispatch: start one worker for it, and acknowledge when that worker is done.`
}

function endpoints({ stepId, handle }: DirectiveFacts): string {
	return `[Worker endpoints]
GET  <base_url>/v1/worker/prompt?task_id=${stepId}
POST <base_url>/v1/worker/submit
Authorization: Bearer ${handle}
The bearer is the worker_handle of this frame (form wh-XXXXXXXX); it works for this attempt and no other.`
}

function identity({ agent, stepId, context }: DirectiveFacts): string {
	const { project_name_alias, project_root, work_dir, task_metadata, extra } = context
	const known = { project_name_alias, project_root, work_dir, task_metadata, ...extra }
	const lines = Object.entries(known).flatMap(([key, value]) => (value === undefined || value === null ? [] : [`${key}: ${asText(value)}`]))
	return [`task_id: ${stepId}`, `agent_id: ${agent}`, ...lines].join('\n')
}

function alias({ context: { project_name_alias: name } }: DirectiveFacts): string | null {
	if (name === undefined) return null
	return `[LDS Session Alias: required]
Before the worker starts: mcp__lds__session_create(root=<working_dir>, alias="${name}")
Add this line to the worker's prompt:
LDS Session Alias: ${name}
The worker's own first call: mcp__lds__session_start(alias="${name}")
Both sides then work in one session under that name, so that the worker finds the project without being told where it lies.
The reason is inlined above; this block is the complete contract and there is nothing else to look up.`
}

function data({ dataBase }: DirectiveFacts): string | null {
	if (dataBase === null) return null
	return `[Data path endpoint: large bodies between workers]
DATA_EMIT: ${dataBase}/v1/data/emit
DATA_GET:  ${dataBase}/v1/data/<out_id|out_name>
Auth: Bearer worker_handle or ?token=
Bodies travel between workers this way, bypassing the MainAgent; what is passed on is only the out_id ref.`
}

function start(facts: DirectiveFacts): string {
	const type = facts.variant ?? 'mse-worker'
	return `[Start the worker]
subagent_type="${type}" (defined in .claude/agents/${type}.md), with a prompt of exactly these four lines:
agent_id: ${facts.agent}
worker_handle: ${facts.handle}
base_url: ${facts.baseUrl ?? '<unknown to the server; check with mse_doctor>'}
task_id: ${facts.stepId}

With them the worker fetches its system text and its prompt itself, acts as the agent, posts its raw result to
<base_url>/v1/worker/submit, and answers you with the single word OUTPUT.
${whenMissing(facts.variant)}`
}

/** A declared type is a promise about tools, so nothing may stand in for it. */
function whenMissing(variant: string | null): string {
	return variant === null
		? 'Where that type is not registered, use subagent_type="general-purpose" with the same four lines.'
		: `FAIL LOUD: where the type "${variant}" is not registered, start nothing else in its place. Send spawn_ack with ok=false and say so in error.`
}

const AFTERWARDS = `[When the worker has answered]
Send spawn_ack with an empty value and ok true: mse_ack(sid, req_id, kind="spawn_ack", ok=true)
It is a signal only. The posted result decides the step.`

function closing({ runId, baseUrl, taskDirective, contextFile = null }: DirectiveFacts): string {
	return `[Not yours to do]
Do not fetch the prompt yourself. Do not wrap, summarise or select from what the worker said.
To look on, there is GET ${baseUrl ?? '<base_url>'}/v1/runs/${runId ?? '<run_id>'}, apart from all this.${contextFile === null ? '' : `\nctx_projection: ${JSON.stringify({ file: contextFile })}`}${taskLine(taskDirective)}`
}

/** The worker fetches the task itself, so a long one need not travel twice. */
function taskLine(task: Json): string {
	if (task === null) return ''
	const text = asText(task)
	return `\ntask_directive: ${text.length <= LONGEST_TASK ? text : `(${text.length} characters; the worker fetches them)`}`
}
