import { isJsonObject, type Json } from '../../kernel/json.ts'
import type { CodingCli } from './coding-clis.ts'

/** What a starter is made for. */
export interface StarterOptions {
	readonly id: string
	/** Names of stages, or of checkers; empty leaves those of the starter. */
	readonly stages: readonly string[]
	/** Name of the one agent. */
	readonly agent: string
	/** The seat that operator agents wait for. */
	readonly operator: string
	readonly cli: CodingCli
}

/** A Lua script to begin with. Each builds without a finding and runs as it is. */
export interface Starter {
	readonly name: string
	readonly about: string
	/** What to run it with, beside its file. */
	readonly runWith: string
	readonly script: (options: StarterOptions) => string
}

const OPERATOR = "--operator 'claude -p'"

export const starters: readonly Starter[] = [
	{ name: 'single', about: 'one agent, done by an operator', runWith: OPERATOR, script: single },
	{ name: 'pipeline', about: 'agents one after another, each given what the one before answered', runWith: OPERATOR, script: pipeline },
	{ name: 'verdict', about: 'work, a review that may send it back or halt, and what follows a PASS', runWith: OPERATOR, script: verdict },
	{ name: 'fanout', about: 'checkers side by side, and one who sums up', runWith: OPERATOR, script: fanout },
	{ name: 'cli', about: 'a coding CLI as a child process, from one of the templates', runWith: '--work-dir .', script: cli },
	{ name: 'script', about: 'a Lua script and a shell command: no AI, runs anywhere', runWith: '', script: script },
]

const HEAD = "local F, B = require 'flow_dsl', require 'bp_dsl'\n"

function single({ id, agent, operator }: StarterOptions): string {
	return `${HEAD}
return B.bp {
	id = ${quoted(id)},
	flow = F.step { agent = ${quoted(agent)}, input = F.p '$.goal', out = '$.answer' },
	agents = {
		${operatorAgent(agent, operator, 'Do what the goal says. Answer with what you did.')},
	},
	operators = { { name = ${quoted(operator)} } },
	default_init_ctx = { goal = 'Say in one sentence what this project is for' },
}
`
}

function pipeline({ id, stages, operator }: StarterOptions): string {
	const names = stages.length > 0 ? stages : ['plan', 'build']
	const lines = names.map((name, index) => `B.stage ${quoted(name)} { agent = ${quoted(name)}${index === 0 ? ", input = '$.goal'" : ''} },`)
	const agents = names.map((name) => `${operatorAgent(name, operator, `You do the stage ${name}. Answer with its result.`)},`)
	return `${HEAD}
return B.bp {
	id = ${quoted(id)},
	flow = B.pipeline {
		chain = true, -- each stage reads what the one before wrote
		done = '$.done',
${indented(lines, 2)}
	},
	agents = {
${indented(agents, 2)}
	},
	operators = { { name = ${quoted(operator)} } },
	default_init_ctx = { goal = 'Add a --version flag', done = false },
}
`
}

function verdict({ id, stages, operator }: StarterOptions): string {
	const [work = 'analyze', review = 'review', publish = 'publish'] = stages
	return `${HEAD}
return B.bp {
	id = ${quoted(id)},
	flow = B.pipeline {
		channel = 'body', -- the whole answer of a gate is its verdict
		halted_at = '$.halted_at',
		done = '$.done',
		B.stage ${quoted(work)} { agent = ${quoted(work)}, input = '$.goal' },
		B.stage ${quoted(review)} {
			agent = ${quoted(review)},
			input = B.from ${quoted(work)},
			halt_on = { 'BLOCKED' },
			-- sent back at most twice, then the run halts here
			retry = { max = 2, fix = B.stage 'rework' { agent = ${quoted(work)}, input = '$', out = '$.${work}' } },
		},
		B.stage ${quoted(publish)} { agent = ${quoted(publish)}, input = B.from ${quoted(work)} },
	},
	agents = {
		${operatorAgent(work, operator, 'Do what the goal says. When there is a result already, it was sent back: mend it. Answer with the result.')},
		B.agent {
			name = ${quoted(review)},
			kind = 'operator',
			spec = { operator_ref = ${quoted(operator)} },
			profile = { system_prompt = 'Review what you are given. Answer with the single word PASS or BLOCKED.' },
			verdict = { channel = 'body', values = { 'PASS', 'BLOCKED' } },
			lints = { ['verdict-value-unhandled'] = 'allow' }, -- PASS just goes on
		},
		${operatorAgent(publish, operator, 'Publish the result. Answer with where it is.')},
	},
	operators = { { name = ${quoted(operator)} } },
	default_init_ctx = { goal = 'Find out why the build is slow', done = false },
}
`
}

function fanout({ id, stages, operator }: StarterOptions): string {
	const names = stages.length > 0 ? stages : ['checker1', 'checker2']
	const lanes = names.map((name) => `{ lane = ${quoted(name)}, agent = ${quoted(name)}, input = '$.goal' },`)
	const agents = names.map((name) => `${operatorAgent(name, operator, `You are ${name}. Answer with what you find.`)},`)
	return `${HEAD}
return B.bp {
	id = ${quoted(id)},
	flow = B.pipeline {
		done = '$.done',
		B.stage 'check' {
			fanout = {
				join = 'all',
				lanes = {
${indented(lanes, 5)}
				},
			},
		},
		B.stage 'aggregate' { agent = 'aggregate', input = B.from 'check' },
	},
	agents = {
${indented(agents, 2)}
		${operatorAgent('aggregate', operator, 'You are given a list of what was found, one context a checker. Answer with the findings that matter.')},
	},
	operators = { { name = ${quoted(operator)} } },
	default_init_ctx = { goal = 'Look for mistakes in README.md', done = false },
}
`
}

function cli({ id, agent, cli: { name, title, written_for, install, model, template } }: StarterOptions): string {
	return `${HEAD}
-- ${title}, as of ${written_for}. To have it: ${install}.
return B.bp {
	id = ${quoted(id)},
	flow = F.step { agent = ${quoted(agent)}, input = F.p '$.goal', out = '$.answer' },
	agents = {
		B.agent {
			name = ${quoted(agent)},
			kind = 'subprocess',
			profile = { system_prompt = 'Do what the goal says. Answer with what you did.', model = ${quoted(model)} },
			runner = { backend = 'subprocess', template = ${quoted(name)} },
			policy = { timeout_ms = 1800000 },
		},
	},
	subprocesses = { ${luaLiteral({ name, ...template } as Json, 1)} },
	default_init_ctx = { goal = 'Say in one sentence what this project is for' },
}
`
}

function script({ id }: StarterOptions): string {
	return `${HEAD}
local count = [[
	local words = 0
	for _ in _PROMPT:gmatch '%S+' do words = words + 1 end
	return { value = words }
]]

return B.bp {
	id = ${quoted(id)},
	flow = F.seq {
		F.step { agent = 'count', input = F.p '$.text', out = '$.words' },
		F.branch {
			cond = F.p '$.words':gt(3),
			on_true = F.step { agent = 'shout', input = F.p '$.text', out = '$.answer' },
			on_false = F.assign { at = '$.answer', value = 'too short' },
		},
	},
	agents = {
		B.agent { name = 'count', kind = 'lua', spec = { source = count } },
		B.agent { name = 'shout', kind = 'subprocess', spec = { program = 'tr', args = { 'a-z', 'A-Z' } } },
	},
	default_init_ctx = { text = 'four words are enough' },
}
`
}

function operatorAgent(name: string, operator: string, prompt: string): string {
	const profile = `profile = { system_prompt = ${quoted(prompt)} }`
	return `B.agent { name = ${quoted(name)}, kind = 'operator', spec = { operator_ref = ${quoted(operator)} }, ${profile} }`
}

const indented = (lines: readonly string[], depth: number): string => lines.map((line) => `${'\t'.repeat(depth)}${line}`).join('\n')

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`

function luaLiteral(value: Json, depth: number): string {
	if (typeof value === 'string') return quoted(value)
	if (value === null) return 'null'
	if (typeof value !== 'object') return String(value)
	if (Array.isArray(value)) return `{ ${value.map((item) => luaLiteral(item, depth)).join(', ')} }`
	if (!isJsonObject(value)) return 'null'
	const members = Object.entries(value).map(([key, item]) => `${'\t'.repeat(depth + 1)}${key} = ${luaLiteral(item, depth + 1)},`)
	return `{\n${members.join('\n')}\n${'\t'.repeat(depth)}}`
}
