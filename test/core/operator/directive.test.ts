import { expect, test } from 'bun:test'
import { type DirectiveFacts, spawnDirective } from '../../../src/core/operator/directive.ts'
import { verifies } from '../../support/verifies.ts'

const FACTS: DirectiveFacts = {
	...{ agent: 'coder', stepId: 'ST-1', runId: 'R-1', handle: 'wh-0123456789abcdef', baseUrl: 'http://127.0.0.1:7777', variant: null },
	...{ dataBase: null, context: {}, taskDirective: null },
}
const directive = (over: Partial<DirectiveFacts> = {}) => spawnDirective({ ...FACTS, ...over })

test('the first line is the dispatch marker', () => {
	expect(directive().split('\n')[0]).toBe('[agent_primitive dispatch=@coder]')
})

test('the worker endpoints stand there with the step and the handle of this frame', () => {
	const text = directive()
	expect(text).toContain('GET  <base_url>/v1/worker/prompt?task_id=ST-1')
	expect(text).toContain('POST <base_url>/v1/worker/submit')
	expect(text).toContain('Bearer wh-0123456789abcdef')
	expect(text.split('\n')).toEqual(expect.arrayContaining(['task_id: ST-1', 'agent_id: coder']))
})

test('the worker gets exactly four lines, in order', () => {
	verifies('01.C27')
	const lines = directive().split('\n')
	const at = lines.findIndex((line) => line.startsWith('worker_handle:'))
	expect(lines.slice(at - 1, at + 4)).toEqual([
		...['agent_id: coder', 'worker_handle: wh-0123456789abcdef', 'base_url: http://127.0.0.1:7777', 'task_id: ST-1', ''],
	])
})

test('an unknown base URL points at the doctor', () => {
	verifies('01.C27')
	expect(directive({ baseUrl: null })).toContain('check with mse_doctor')
})

test('without an alias nothing is said of sessions', () => {
	verifies('01.C22', '04.48')
	for (const absent of ['project_name_alias:', 'LDS Session Alias', 'session_create']) expect(directive()).not.toContain(absent)
})

test('an alias brings its header line and the whole contract', () => {
	verifies('03.BlueprintMetadata.project_name_alias', '01.C23', '04.49')
	const text = directive({ context: { project_name_alias: 'x' } })
	const lines = text.split('\n')
	expect(lines).toEqual(expect.arrayContaining(['project_name_alias: x', 'LDS Session Alias: x']))
	expect(text).toContain('mcp__lds__session_create(root=<working_dir>, alias="x")')
	expect(text).toContain('mcp__lds__session_start(alias="x")')
	expect(text).toContain('complete contract')
	expect(text).not.toContain('.claude/CLAUDE.md')
})

test('the data block is there exactly with a data endpoint', () => {
	verifies('01.C24', '01.C25', '04.50')
	for (const absent of ['[Data path endpoint', 'DATA_EMIT', 'DATA_GET']) expect(directive()).not.toContain(absent)
	const text = directive({ dataBase: 'http://d' })
	for (const present of [
		'\n[Data path endpoint',
		'DATA_EMIT: http://d/v1/data/emit\n',
		'DATA_GET:  http://d/v1/data/<out_id|out_name>\n',
		'Bearer worker_handle or ?token=',
		'bypassing the MainAgent',
		'out_id ref',
	])
		expect(text).toContain(present)
	expect(text).not.toContain('emit-auth')
})

test('a declared worker type is the only one, and its absence is loud', () => {
	verifies('01.C26')
	const text = directive({ variant: 'builder' })
	expect(text).toContain('subagent_type="builder"')
	expect(text).toContain('.claude/agents/builder.md')
	expect(text).toContain('FAIL LOUD')
	expect(text).not.toContain('general-purpose')
})

test('without a declared one it is mse-worker, with the general fallback', () => {
	const text = directive()
	expect(text).toContain('subagent_type="mse-worker"')
	expect(text).toContain('.claude/agents/mse-worker.md')
	expect(text).toContain('subagent_type="general-purpose"')
	expect(text).not.toContain('FAIL LOUD')
})

test('neither the port nor the route that led nowhere is named', () => {
	verifies('01.C28')
	for (const text of [directive(), directive({ variant: 'builder', baseUrl: null })]) {
		expect(text).not.toContain('7786')
		expect(text).not.toContain('/v1/tasks/')
	}
})

test('looking on goes through the run, or a placeholder', () => {
	verifies('01.C29')
	expect(directive()).toContain('GET http://127.0.0.1:7777/v1/runs/R-1')
	expect(directive({ runId: null, baseUrl: null })).toContain('GET <base_url>/v1/runs/<run_id>')
})

test('each context line is there exactly when its value is', () => {
	verifies('01.C30')
	const values = { project_root: '/p', work_dir: '/w', task_metadata: { b: 1, a: [2] } }
	const lines = { project_root: 'project_root: /p', work_dir: 'work_dir: /w', task_metadata: 'task_metadata: {"a":[2],"b":1}' }
	for (const key of Object.keys(values) as (keyof typeof values)[]) {
		const text = directive({ context: { [key]: values[key] } })
		for (const [other, line] of Object.entries(lines)) expect(text.split('\n').includes(line)).toBe(other === key)
	}
	expect(directive({ context: { extra: { branch: 'dev', n: 3 } } }).split('\n')).toEqual(expect.arrayContaining(['branch: dev', 'n: 3']))
})

test('the task stands on a line of its own: text verbatim, other JSON compact, null not at all', () => {
	verifies('01.C31')
	expect(directive({ taskDirective: 'build it' })).toEndWith('\ntask_directive: build it')
	expect(directive({ taskDirective: { what: 'it' } })).toEndWith('\ntask_directive: {"what":"it"}')
	expect(directive()).not.toContain('task_directive:')
	expect(directive({ taskDirective: 'x'.repeat(20_000) })).toEndWith('\ntask_directive: (20000 characters; the worker fetches them)')
})

test('a context file is pointed at', () => {
	expect(directive({ contextFile: '/w/ctx/main.md' })).toContain('\nctx_projection: {"file":"/w/ctx/main.md"}')
	expect(directive()).not.toContain('ctx_projection')
})

test('the operator is told how to acknowledge and what to leave alone', () => {
	expect(directive()).toContain('mse_ack(sid, req_id, kind="spawn_ack", ok=true)')
	expect(directive()).toContain('OUTPUT')
	expect(directive()).not.toContain('.claude/CLAUDE.md')
})
