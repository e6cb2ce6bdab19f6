import { ErrorCode, type GetPromptResult, type ListPromptsResult, McpError } from '@modelcontextprotocol/sdk/types.js'

/** A request to the model that a person starts from their client, such as `/mcp__mse__operate`. */
interface Prompt {
	readonly name: string
	readonly description: string
	readonly takes: { readonly [argument: string]: string }
	readonly text: (given: { readonly [argument: string]: string | undefined }) => string
}

const prompts: readonly Prompt[] = [
	{
		name: 'operate',
		description: 'Be an operator of the server: take steps and have sub-agents do them, until you are stopped',
		takes: { role: 'the role to join with (default main-ai)', blueprint: 'the id of a Blueprint to launch first' },
		text: ({ role = 'main-ai', blueprint }) => `Be an operator of the mse-server.

1. Call mse_operator_join with roles ["${role}"]. If it is refused because somebody has the role, tell me who and stop.
${blueprint === undefined ? '' : `2. Launch the Blueprint: swarm_run {"blueprint": {"kind": "id", "id": "${blueprint}"}, "detach": true}, and tell me its run id.\n`}\
Then again and again: mse_pending_wait. For a spawn do what payload.directive says: start a sub-agent with the four lines that it names, wait for it,
and mse_ack with kind spawn_ack. Do not do the work of a step in this conversation. For an ask, judge by what the question shows and answer with kind
answer; for a hook_before answer with kind hook_ack. When several requests wait, work on them side by side.
When a run waits for an approval, show me what it is (mse_approval) and what you think of it, and let me decide.
Report in a line when a step or a run has ended. Go on until I stop you${blueprint === undefined ? '' : ' or the run has ended'}; then call mse_operator_leave.`,
	},
	{
		name: 'approvals',
		description: 'Go through everything that waits for a yes, one by one',
		takes: { name: 'the name to decide under' },
		text: ({
			name,
		}) => `List what waits with mse_approvals. For each, oldest first: read it with mse_approval, tell me in a few lines what is asked for, by whom, what the
diff changes and what you would look at before saying yes, and ask me. Then answer with mse_approve or mse_deny${name === undefined ? '' : `, by "${name}"`}, with my reason as the note and
my answers to its form. Decide nothing by yourself. At the end say what is left.`,
	},
	{
		name: 'waiting',
		description: 'Say what is going on, and what waits for whom',
		takes: {},
		text: () => `Call mse_waiting, and mse_runs for those that are running. Tell me in a few lines what goes on, what waits for me, what for others, what looks stuck
(old, without an owner, or close to its deadline), and what you suggest.`,
	},
]

export function listPrompts(): ListPromptsResult {
	return {
		prompts: prompts.map(({ name, description, takes }) => ({
			...{ name, description },
			arguments: Object.entries(takes).map(([argument, about]) => ({ name: argument, description: about, required: false })),
		})),
	}
}

export function getPrompt(name: string, given: { readonly [argument: string]: string } = {}): GetPromptResult {
	const prompt = prompts.find((known) => known.name === name)
	if (!prompt)
		throw new McpError(ErrorCode.InvalidParams, `There is no prompt ${name}; there are ${prompts.map((known) => known.name).join(', ')}.`)
	const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value.trim() !== ''))
	return { description: prompt.description, messages: [{ role: 'user', content: { type: 'text', text: prompt.text(said) } }] }
}
