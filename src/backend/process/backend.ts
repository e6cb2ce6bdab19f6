import { resolve } from 'node:path'
import type { AgentContext, Attempt, Backend, Completion } from '../../core/dispatch/backend.ts'
import { asText } from '../../kernel/json.ts'
import { type ChildLimits, runChild } from './child.ts'
import { childEnvironment, type EnvironmentSource } from './environment.ts'
import type { OutputReader } from './output.ts'
import { plainOutput } from './plain.ts'
import { newSlots, type Slots } from './slots.ts'
import { type ProcessSpec, parseProcessSpec } from './spec.ts'
import { streamedOutput } from './stream.ts'

export interface ProcessOptions extends ChildLimits, EnvironmentSource {
	/** Children at one time; further attempts wait in order. */
	readonly children: number
}

/** Child processes; the kind `subprocess` of mlua-swarm 0.1.0. */
export function processBackend(options: ProcessOptions): Backend {
	const slots = newSlots(options.children)
	return {
		name: 'process',
		leavesProcess: true,
		prepare(agent) {
			const spec = parseProcessSpec(agent.spec)
			return { pure: false, perform: (attempt) => perform(options, slots, spec, attempt) }
		},
	}
}

async function perform(options: ProcessOptions, slots: Slots, spec: ProcessSpec, attempt: Attempt): Promise<Completion> {
	const leave = await enter(slots, attempt)
	try {
		return await runAttempt(options, spec, attempt)
	} finally {
		leave()
	}
}

async function enter(slots: Slots, attempt: Attempt): Promise<() => void> {
	let waited = false
	const leave = await slots.take(attempt.signal, () => {
		waited = true
		attempt.working(false)
	})
	if (waited) attempt.working(true)
	return leave
}

async function runAttempt(options: ProcessOptions, spec: ProcessSpec, attempt: Attempt): Promise<Completion> {
	const prompt = asText(attempt.prompt)
	const output = readerFor(spec, attempt)
	const work = {
		argv: [spec.program, ...spec.args, ...(spec.useStdin ? [] : [prompt])],
		env: childEnvironment(options, spec, attempt),
		cwd: folderOf(spec, attempt.context),
		input: spec.useStdin ? new TextEncoder().encode(prompt) : undefined,
		key: attempt.key,
		onOutput: output.take,
	}
	return output.end(await runChild(work, attempt.signal, options))
}

function readerFor({ framing }: ProcessSpec, attempt: Attempt): OutputReader {
	return framing ? streamedOutput(framing, attempt) : plainOutput()
}

/** The folder of the task, or the spec's own seen from there. Undefined: where the server was started. */
function folderOf({ cwd }: ProcessSpec, { work_dir, project_root }: AgentContext): string | undefined {
	const task = work_dir ?? project_root
	if (cwd === undefined) return task
	return task === undefined ? cwd : resolve(task, cwd)
}
