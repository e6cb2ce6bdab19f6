import type { HiveApproval, Int64 } from '../../../protocol/hive.ts'
import type { HiveAgent } from '../../../protocol/hive-http.ts'
import { usageError } from '../exit-code.ts'
import { isOn, lastOf } from '../flag.ts'
import { painter, table } from '../print.ts'
import type { Typed, VerbSpec } from './verb.ts'

const first = ({ words }: Typed): string => words[0] ?? ''
const second = ({ words }: Typed): string => words[1] ?? ''

/** A verb that is about one agent and says afterwards how that is. */
const ofAgent = (name: 'spawn' | 'rebuild' | 'start' | 'stop' | 'restart', became: string, summary: string): VerbSpec => ({
	...{ name, summary, words: 'NAME' },
	host: (typed) => ({ cmd: name, name: first(typed) }),
	toText: (_, typed) => `${first(typed)} ${became}`,
})

const pausing = (name: 'pause' | 'resume', summary: string): VerbSpec => ({
	...{ name, summary, words: 'NAME' },
	host: (typed) => ({ cmd: 'set_paused', name: first(typed), paused: name === 'pause' }),
	toText: (_, typed) => `${first(typed)} is ${name === 'pause' ? 'paused' : 'resumed'}`,
})

const lives: readonly VerbSpec[] = [
	ofAgent('spawn', 'is running', 'Make an agent and start it, without an approval'),
	{
		...{ name: 'request-spawn', summary: 'Ask for an agent; it is made once somebody approves', words: 'NAME' },
		host: (typed) => ({ cmd: 'request_spawn', name: first(typed) }),
		agent: (typed) => ({ cmd: 'request_spawn', name: first(typed) }),
		toText: (_, typed) => `${first(typed)} waits for an approval`,
	},
	{
		...{ name: 'request-apply-commit', summary: 'Ask for a commit of an agent’s config to be deployed (manager)', words: 'NAME COMMIT' },
		agent: (typed) => ({ cmd: 'request_apply_commit', agent: first(typed), commit_ref: second(typed) }),
		toText: (_, typed) => `the config of ${first(typed)} waits for an approval`,
	},
	{
		...{ name: 'kill', summary: 'Stop an agent; its inbox goes on filling', words: 'NAME' },
		host: (typed) => ({ cmd: 'kill', name: first(typed) }),
		agent: (typed) => ({ cmd: 'kill', name: first(typed) }),
		toText: (_, typed) => `${first(typed)} is stopped`,
	},
	{
		...{ name: 'destroy', summary: 'End an agent for good; its folders stay', words: 'NAME' },
		flags: [{ name: 'purge', placeholder: null, doc: 'delete its folders too: state, configs, logins' }],
		host: (typed) => ({ cmd: 'destroy', name: first(typed), ...(isOn(typed.invocation.flags, 'purge') && { purge: true }) }),
		toText: (_, typed) => `${first(typed)} is gone`,
	},
	ofAgent('rebuild', 'is running with what is applied', 'Start an agent with the config that is applied by now'),
	ofAgent('start', 'is running', 'Start an agent; `start manager` makes the manager'),
	ofAgent('stop', 'is stopped', 'The same as kill'),
	ofAgent('restart', 'is running', 'Stop an agent and start it with the config that it had'),
	pausing('pause', 'Let the harness of an agent take no message'),
	pausing('resume', 'Let it take messages again'),
]

const looks: readonly VerbSpec[] = [
	{
		...{ name: 'list', summary: 'List the agents by name', words: '' },
		host: () => ({ cmd: 'list' }),
		toText: ({ agents = [] }) => agents.join('\n'),
	},
	{
		...{ name: 'status', summary: 'Show how agents are; for an agent, how many messages it has', words: '[NAME]' },
		host: ({ words: [name] }) => ({ cmd: 'agent_status', ...(name !== undefined && { name }) }),
		agent: () => ({ cmd: 'status' }),
		toText: ({ statuses, unread }, { invocation }) => (statuses ? agentTable(statuses, painter(invocation)) : `${unread} unread`),
	},
	{
		...{ name: 'logs', summary: 'Print the newest lines that the program of an agent wrote', words: 'NAME' },
		flags: [{ name: 'tail', placeholder: 'N', doc: 'so many lines (default 200)' }],
		host(typed) {
			const tail = lastOf(typed.invocation.flags, 'tail')
			return { cmd: 'logs', name: first(typed), ...(tail !== undefined && { tail: readCount('--tail', tail, 1) }) }
		},
		toText: ({ text = '' }) => text.replace(/\n$/, ''),
	},
]

const approvals: readonly VerbSpec[] = [
	{
		...{ name: 'pending', summary: 'List the spawns and commits that wait for a yes', words: '' },
		host: () => ({ cmd: 'pending' }),
		toText: ({ approvals: waiting = [] }, { invocation }) => approvalTable(waiting, painter(invocation)),
	},
	{
		...{ name: 'approve', summary: 'Say yes, and wait for what that begins', words: 'APPROVAL' },
		host: (typed) => ({ cmd: 'approve', id: readId(first(typed)) }),
		toText: (_, typed) => `approval ${first(typed)} is approved`,
	},
	{
		...{ name: 'deny', summary: 'Say no', words: 'APPROVAL' },
		flags: [{ name: 'note', placeholder: 'TEXT', doc: 'why' }],
		host(typed) {
			const note = lastOf(typed.invocation.flags, 'note')
			return { cmd: 'deny', id: readId(first(typed)), ...(note !== undefined && { note }) }
		},
		toText: (_, typed) => `approval ${first(typed)} is denied`,
	},
]

const messages: readonly VerbSpec[] = [
	{
		...{ name: 'send', summary: 'Put a message into an inbox', words: 'TO TEXT' },
		host: (typed) => ({ cmd: 'operator_send', to: first(typed), body: second(typed) }),
		agent: (typed) => ({ cmd: 'send', to: first(typed), body: second(typed) }),
	},
	{
		...{ name: 'recv', summary: 'Take the oldest message out of the inbox; its text goes to stdout, its sender to stderr', words: '' },
		flags: [{ name: 'wait', placeholder: 'SECS', doc: 'wait so long for one, 180 at most' }],
		host: (typed) => ({ cmd: 'operator_recv', ...readWait(typed) }),
		agent: (typed) => ({ cmd: 'recv', ...readWait(typed) }),
		toText({ message, from = message?.from, body = message?.body }, { invocation }) {
			invocation.err(from === undefined ? 'no message\n' : `from ${from}\n`)
			return body ?? ''
		},
	},
]

/** Every verb that is one request and one answer, in the order of the help text. */
export const verbs: readonly VerbSpec[] = [...lives, ...looks, ...approvals, ...messages]

function agentTable(agents: readonly HiveAgent[], paint: ReturnType<typeof painter>): string {
	if (agents.length === 0) return 'no agents'
	const head = ['NAME', 'STATE', 'UNREAD', 'BACKEND', 'CONFIG', ''].map((word) => paint('bold', word))
	const rows = agents.map(({ name, state, paused, unread, backend, applied_sha, failure }) => {
		const is = paint(state === 'running' ? 'green' : state === 'failed' ? 'red' : 'yellow', paused ? `${state}, paused` : state)
		return [name, is, String(unread), backend, applied_sha?.slice(0, 7) ?? 'default', failure ?? '']
	})
	return table([head, ...rows])
}

function approvalTable(waiting: readonly HiveApproval[], paint: ReturnType<typeof painter>): string {
	if (waiting.length === 0) return 'nothing waits'
	const head = ['ID', 'KIND', 'AGENT', 'COMMIT', 'ASKED'].map((word) => paint('bold', word))
	const asked = (at: number): string => new Date(at * 1000).toISOString()
	return table([
		head,
		...waiting.map(({ id, kind, agent, commit_ref, requested_at }) => [String(id), kind, agent, commit_ref, asked(requested_at)]),
	])
}

function readId(text: string): Int64 {
	return readCount('APPROVAL', text, 0)
}

function readWait({ invocation }: Typed): { wait_seconds?: number } {
	const wait = lastOf(invocation.flags, 'wait')
	return wait === undefined ? {} : { wait_seconds: readCount('--wait', wait, 0) }
}

function readCount(what: string, text: string, least: number): number {
	const count = /^\d{1,15}$/.test(text) ? Number(text) : -1
	if (count >= least) return count
	throw usageError(`${what} is "${text}"; expected a whole number from ${least} on.`)
}
