/** Groups of routes by the first segment after `/v1/`, in the order of the page. */
const TAGS: readonly (readonly [name: string, about: string, ...segments: string[]])[] = [
	['tasks', 'Asking for Blueprints to be run, and what their steps produced.', 'tasks'],
	['runs', 'Reading and steering single executions.', 'runs', 'steps'],
	['blueprints', 'Documents and their versions.', 'blueprints', 'blueprint-schema', 'blueprint-doctor'],
	['approvals', 'What waits for somebody’s yes, and the yes.', 'approvals'],
	[
		'operators',
		'AI clients and people with a session: joining, seats, what waits for an answer.',
		'operators',
		'operator-sessions',
		'requests',
	],
	['events', 'The one log, replayed and followed.', 'events'],
	['workers', 'The worker runtime: long-lived workers, their transcripts and their bundles.', 'workers', 'runtime', 'config-bundles'],
	['step workers', 'The face of an attempt, for the worker that performs it.', 'worker', 'agents', 'data'],
	['hive', 'Agents that write to one another: their lives, inboxes and configs, for the operator alone.', 'hive'],
	['webhooks', 'Addresses that are told of events.', 'webhooks'],
	['enhance', 'Wishes about Blueprints and what became of them.', 'issues', 'enhance', 'enhance-settings'],
	['sessions', 'Attaching to the engine.', 'sessions'],
	['server', 'Health, version and what this server can do.', 'healthz', 'readyz', 'version', 'doctor', 'status', 'server', 'backup'],
]

export const tags = TAGS.map(([name, description]) => ({ name, description }))

/** The group of a path; undefined for one whose first segment is in no group. */
export function tagOf(path: string): string | undefined {
	const segment = path.split('/')[2] ?? ''
	return TAGS.find(([, , ...segments]) => segments.includes(segment))?.[0]
}

/** Path parameters by name, or by the segment before them where the name alone says too little. */
const PARAMETERS: { readonly [key: string]: readonly [about: string, example: string] } = {
	'tasks/id': ['Id of the task.', 'T-1K9X2M4QZ3'],
	'runs/id': ['Id of the run.', 'R-1K9X2M4QZ5'],
	'runs/run': ['Id of the run, or `latest`.', 'R-1K9X2M4QZ5'],
	'steps/id': ['Id of the step.', 'ST-1K9X2M4QZ7'],
	'approvals/id': ['Number of the approval.', '7'],
	'blueprints/id': ['Id of the Blueprint.', 'hello'],
	'issues/id': ['Id of the issue.', 'I-1K9X2M4QZB'],
	'enhance-settings/id': ['Id of the setting.', 'default'],
	'sessions/id': ['Public id of the attach session.', 'S-1K9X2M4QZ1'],
	'workers/id': ['Id of the worker.', 'worker-00000001'],
	'leases/lease': ['The lease of a turn, as it was given out.', 'lease-5f0c6d1b9f5a4d0f8f0e6a1b2c3d4e5f'],
	'config-bundles/id': ['Id of the bundle.', 'bundle-1'],
	'webhooks/name': ['Name of the webhook, as the config file has it.', 'chat'],
	sid: ['Id of the operator session.', 'S-1K9X2M4QZ1'],
	req_id: ['Id of the request.', 'RQ-1K9X2M4QZ9'],
	issue_id: ['Id of the issue.', 'I-1K9X2M4QZB'],
	hash: ['A version, as hex digits.', '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
	step: ['Name of the output, or of the step.', 'greeter'],
	agent: ['Name of the agent.', 'greeter'],
	slot: ['Name of the seat.', 'main'],
	'agents/name': ['Name of the agent.', 'greeter'],
	'config/name': ['Name of the agent.', 'alice'],
	'proposals/id': ['Id of the approval.', '7'],
	'inbox/id': ['Id of the message.', '7'],
	'data/name': ['Id of a record, or the name it was put down under.', 'findings'],
}

/** The parameters in a route's path. One that is not known here has no description, and a test asks for it. */
export function pathParameters(path: string): object[] {
	const segments = path.split('/')
	return segments.flatMap((segment, at) => {
		if (!segment.startsWith(':')) return []
		const name = segment.slice(1)
		const [description, example] = PARAMETERS[`${segments[at - 1]}/${name}`] ?? PARAMETERS[name] ?? []
		return [{ name, in: 'path', required: true, description, example, schema: { type: 'string' } }]
	})
}
