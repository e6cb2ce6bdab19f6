import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../kernel/clock.ts'
import type { SpawnAnswer, SpawnWork } from '../client/operator-work.ts'
import { type CommandEnd, runCommand } from './exec.ts'

export interface StepCommand {
	readonly line: string
	readonly env: Readonly<Record<string, string | undefined>>
	readonly timeoutMs: number | null
	readonly clock: Clock
	readonly onStderr: (line: string) => void
}

/** A variable longer than this keeps a program from starting on Linux (128 KiB, name included). */
const LONGEST_VARIABLE = 100 * 1024

/**
 * Does a step with a shell command: the prompt on its stdin, the facts in its environment, its stdout the result. An exit code
 * other than 0 blocks the step with what it printed; when it printed nothing, or was ended, the step fails with a sentence.
 */
export async function execStep(command: StepCommand, work: SpawnWork): Promise<SpawnAnswer> {
	const system = work.system === null ? null : systemFile(work.system)
	try {
		const env = { ...inherited(command.env), ...facts(work, system?.path) }
		const { line, timeoutMs, clock, onStderr } = command
		const end = await runCommand({ line, timeoutMs, clock, onStderr, env, stdin: work.prompt, signal: work.signal })
		return toAnswer(end, timeoutMs)
	} finally {
		system?.remove()
	}
}

function toAnswer(end: CommandEnd, timeoutMs: number | null): SpawnAnswer {
	if (end.cut === null && end.code === 0) return end.stdout
	if (end.cut === null && end.stdout.trim() !== '') return { value: end.stdout, ok: false }
	const said = end.stderrTail === '' ? '' : `: ${end.stderrTail}`
	throw new Error(`${whyFailed(end, timeoutMs)}${said}`)
}

function whyFailed({ cut, code }: CommandEnd, timeoutMs: number | null): string {
	if (cut === 'timed_out') return `The command was ended after ${(timeoutMs ?? 0) / 1000} seconds`
	if (cut === 'too_much_output') return 'The command was ended because it printed more than 16 MiB'
	if (cut === 'aborted') return 'The command was ended because nobody wants its result any more'
	return code === null ? 'The command was ended by a signal' : `The command exited with ${code} and printed nothing`
}

/** The operator's own credential is not the step's business: a step has a handle. */
function inherited(env: StepCommand['env']): StepCommand['env'] {
	const { MSE_TOKEN: _token, MSE_ADMIN_TOKEN: _adminToken, ...rest } = env
	return rest
}

function facts(work: SpawnWork, systemPath: string | undefined): Record<string, string | undefined> {
	const { system, runId, context } = work
	return {
		MSE_BASE_URL: work.baseUrl,
		MSE_WORKER_HANDLE: work.handle,
		MSE_TASK_ID: work.taskId,
		MSE_STEP: work.taskId,
		MSE_RUN_ID: runId ?? undefined,
		MSE_AGENT: work.agent,
		MSE_CTX_AGENT: work.agent,
		MSE_ATTEMPT: String(work.attempt),
		MSE_WORK_DIR: context.work_dir,
		MSE_PROJECT_ROOT: context.project_root,
		MSE_IN_REFS: context.input_refs?.join(','),
		MSE_SYSTEM: system !== null && Buffer.byteLength(system) <= LONGEST_VARIABLE ? system : undefined,
		MSE_SYSTEM_FILE: systemPath,
	}
}

/** A file that only this user can read; the folder goes with it. */
function systemFile(text: string): { readonly path: string; remove(): void } {
	const folder = mkdtempSync(join(tmpdir(), 'mse-operator-'))
	const path = join(folder, 'system.txt')
	writeFileSync(path, text, { mode: 0o600 })
	return { path, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
