import type { ToolSet } from 'ai'
import type { Attempt, Completion } from '../../core/dispatch/backend.ts'
import { WorkerFailed } from '../../core/dispatch/worker-failed.ts'
import { childController } from '../../kernel/abort.ts'
import { builtinTools, type Report } from './builtin-tool.ts'
import { converse } from './conversation.ts'
import { languageModel } from './language-model.ts'
import { type McpConnection, openMcp } from './mcp/connection.ts'
import { mcpTools } from './mcp/tool.ts'
import type { LlmOptions } from './option.ts'
import { patientFetch } from './patient-fetch.ts'
import { newProgress } from './progress.ts'
import { askedWaitMs, reasonOf } from './reason.ts'
import { redactor } from './redact.ts'
import type { AgentWork } from './work.ts'

/** One attempt: its MCP servers, the conversation, and the end of both. What it throws holds no secret. */
export async function performWork(options: LlmOptions, work: AgentWork, attempt: Attempt): Promise<Completion> {
	const { controller, release } = childController(attempt.signal)
	try {
		return await withTools(options, work, { ...attempt, signal: controller.signal })
	} catch (thrown) {
		const stats = thrown instanceof WorkerFailed ? thrown.stats : null
		if (stats === null) attempt.signal.throwIfAborted()
		const retryAfterMs = askedWaitMs(thrown)
		throw new WorkerFailed(redactor(secretsOf(work))(reasonOf(thrown)), {
			...(stats && { stats }),
			...(retryAfterMs !== null && { retryAfterMs }),
			...(attempt.signal.aborted && { cause: attempt.signal.reason }),
		})
	} finally {
		controller.abort(new Error('the attempt is over'))
		release()
	}
}

async function withTools(options: LlmOptions, work: AgentWork, attempt: Attempt): Promise<Completion> {
	if (work.grants.length === 0) return answer(options, work, attempt, {})
	const leave = await options.children.take(attempt)
	const connections: McpConnection[] = []
	try {
		const opened = await openAll(options, work, attempt, connections)
		return await answer(options, work, attempt, Object.assign({}, ...opened))
	} finally {
		await Promise.all(connections.map((connection) => connection.close()))
		leave()
	}
}

/** Fails with the first that fails, once all have settled: what was opened is then known and can be closed. */
async function openAll(options: LlmOptions, work: AgentWork, attempt: Attempt, opened: McpConnection[]): Promise<ToolSet[]> {
	const { work_dir, project_root } = attempt.context
	const cwd = work_dir ?? project_root ?? work.spec.projectRoot
	const use = { attempt, cwd, rpcTimeoutMs: work.spec.mcpRpcTimeoutMs, signal: attempt.signal }
	const settled = await Promise.allSettled(
		work.grants.map(async (grant) => {
			const connection = await openMcp(options, grant.server, use)
			opened.push(connection)
			return mcpTools(connection, grant)
		}),
	)
	return settled.map((one) => {
		if (one.status === 'rejected') throw one.reason
		return one.value
	})
}

async function answer(options: LlmOptions, work: AgentWork, attempt: Attempt, granted: ToolSet): Promise<Completion> {
	const report: Report = { reason: undefined }
	const progress = newProgress(attempt, options.clock, redactor(secretsOf(work)))
	const fetch = patientFetch({
		...{ fetch: options.fetch, clock: options.clock, retries: work.model.retries, idleTimeoutMs: work.model.idleTimeoutMs },
		onWait: (why, waitMs) => progress.note('waiting', `${waitMs} ms, for the model server ${why}`),
	})
	const builtin = work.spec.builtinTools ? builtinTools(attempt, report, options) : {}
	const tools = { ...granted, ...builtin }
	return converse({ model: languageModel(work.model, fetch), tools, report, progress, limitBytes: options.outputBytes }, work, attempt)
}

function secretsOf({ model, grants }: AgentWork): (string | null)[] {
	return [model.key, ...grants.flatMap(({ server }) => Object.values('url' in server ? server.headers : server.env))]
}
