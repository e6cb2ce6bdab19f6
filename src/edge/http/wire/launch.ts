import type { BlueprintReference } from '../../../core/blueprint/resolve.ts'
import type { KickRequest, LaunchRequest } from '../../../core/run/launch/request.ts'
import type { LaunchOperator, TaskInput } from '../../../core/run/record.ts'
import { MseError } from '../../../kernel/error.ts'
import type { Json } from '../../../kernel/json.ts'
import type { RunPolicy } from '../../../protocol/policy.ts'
import type { KickBody, LaunchBody } from '../../../protocol/task.ts'

type OperatorKind = NonNullable<LaunchOperator['kind']>
const KINDS: readonly string[] = ['main_ai', 'automate', 'composite']

/** A launch of either generation of clients. Throws `malformed` for what mlua-swarm refuses with 400, before any effect. */
export function toLaunchRequest(body: LaunchBody): LaunchRequest {
	refuseContradiction(body)
	return {
		reference: toReference(body.blueprint),
		initCtx: body.init_ctx as Json,
		...present('goal', body.goal),
		...toRunSettings(body, toTaskInput(body)),
	}
}

/** A re-kick; no body is one that changes nothing. Refuses as `toLaunchRequest`. */
export function toKickRequest(body: KickBody = {}): KickRequest {
	refuseContradiction(body)
	return {
		...present('initCtx', body.init_ctx_override as Json | undefined),
		...toRunSettings(body, toTaskInput(body.task_input_override ?? {})),
	}
}

/** What a launch and a re-kick say alike. */
function toRunSettings(body: Omit<LaunchBody, 'blueprint' | 'init_ctx'>, taskInput: TaskInput | undefined) {
	const operator = toOperator(body)
	return {
		detach: body.detach ?? false,
		...present('ttlSecs', body.ttl_secs),
		...present('timeoutSecs', body.timeout_secs),
		...present('checkPolicy', body.check_policy),
		...present('runPolicy', toRunPolicy(body.run_policy)),
		...present('operatorDesc', body.operator_desc),
		...present('operatorSlot', body.operator_slot),
		...(taskInput && { taskInput }),
		...(operator && { operator }),
	}
}

function refuseContradiction({ timeout_secs, detach }: Pick<LaunchBody, 'timeout_secs' | 'detach'>): void {
	if (timeout_secs === 0)
		throw new MseError('malformed', 'timeout_secs must be greater than 0.', {
			code: 'bad_timeout',
			hint: 'Leave it out for the default ceiling, or launch with "detach": true.',
		})
	if (detach && timeout_secs != null)
		throw new MseError('malformed', 'timeout_secs bounds a synchronous launch; it cannot be combined with detach.', {
			code: 'bad_timeout',
			hint: 'Bound a detached run with "ttl_secs".',
		})
}

function toReference(reference: LaunchBody['blueprint']): BlueprintReference {
	switch (reference.kind) {
		case 'inline':
			return { kind: 'inline', raw: reference.value }
		case 'hash':
			return { kind: 'hash', hash: reference.hash }
		case 'id':
			return { kind: 'id', id: reference.id, version: reference.version ?? { kind: 'latest' } }
	}
}

function toTaskInput(body: Pick<LaunchBody, 'project_root' | 'work_dir' | 'task_metadata'>): TaskInput | undefined {
	const input = {
		...present('project_root', body.project_root),
		...present('work_dir', body.work_dir),
		...present('task_metadata', body.task_metadata as Json | undefined),
	}
	return Object.keys(input).length > 0 ? input : undefined
}

/** Keys that are null count as absent. */
function toRunPolicy(policy: LaunchBody['run_policy']): RunPolicy | null {
	if (policy == null) return null
	const { timeout_ms, budget, children } = policy
	const limits = Object.entries(budget ?? {}).filter(([, limit]) => limit != null)
	return {
		...present('timeout_ms', timeout_ms),
		...present('children', children),
		...(limits.length > 0 && { budget: Object.fromEntries(limits) }),
	}
}

function toOperator({ operator, operator_sid }: Pick<LaunchBody, 'operator' | 'operator_sid'>): LaunchOperator | undefined {
	if (operator == null && operator_sid == null) return undefined
	const kinds = Object.entries(operator?.per_agent_kinds ?? {}).map(([agent, kind]) => [agent, toKind(kind)] as const)
	return {
		...present('sid', operator_sid),
		...present('id', operator?.id),
		...(operator?.kind != null && { kind: toKind(operator.kind) }),
		...(kinds.length > 0 && { perAgentKinds: Object.fromEntries(kinds) }),
		...present('hookId', operator?.spawn_hook_id),
		...present('bridgeId', operator?.senior_bridge_id),
		...present('backendId', operator?.operator_backend_id),
	}
}

function toKind(word: string): OperatorKind {
	if (isKind(word)) return word
	throw new MseError('malformed', `unknown operator kind: ${word}`, {
		code: 'unknown_operator_kind',
		hint: `Use one of ${KINDS.join(', ')}.`,
	})
}

const isKind = (word: string): word is OperatorKind => KINDS.includes(word)

/** The key with its value, or nothing when the client left it out or sent null. */
function present<Key extends string, Value>(key: Key, value: Value): { readonly [K in Key]?: NonNullable<Value> } {
	return value == null ? {} : ({ [key]: value } as { readonly [K in Key]?: NonNullable<Value> })
}
