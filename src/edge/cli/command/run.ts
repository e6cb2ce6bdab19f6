import { mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Config, loadConfig } from '../../../config.ts'
import { systemClock } from '../../../kernel/clock.ts'
import { loggerOf } from '../../../kernel/log.ts'
import { mseClient } from '../../client/client.ts'
import { asInvalid, type BlueprintSource } from '../blueprint/source.ts'
import type { Command, Invocation } from '../command.ts'
import { RUN_EXIT } from '../exit-code.ts'
import { lastOf } from '../flag.ts'
import { runOnce } from '../run-once.ts'
import { newReport } from '../run-report.ts'
import { type RunRequest, readRunRequest, runFlags } from '../run-request.ts'
import { readTextFile } from '../text-file.ts'
import type { RunningServer, StartServer } from './serve.ts'

/** A document, or what a script gives, with the files it names in place. */
export type ReadBlueprint = (file: string, config: Config) => Promise<BlueprintSource>

interface RunParts {
	readonly server: StartServer
	readonly readBlueprint: ReadBlueprint
}

/** `run` around whatever starts a server: one run of one Blueprint, for a CI job or a shell. */
export function runCommand(parts: RunParts): Command {
	return {
		name: 'run',
		summary: 'Run one Blueprint to its end, without a server',
		usage: 'FILE|ID [--ctx JSON|@FILE] [flags]',
		positionals: 1,
		flags: runFlags,
		details: `  mse-server run review.json --ctx '{"report": "12 tests passed"}' > result.json
  mse-server run review-loop --operator './agent.sh'

FILE is JSON, or by its extension YAML, a Lua or a TypeScript file (see bp build); $file and $agent_md in it start from its folder. Without --data-dir an ID is one of the samples (hello, gate, cli-agent, fan-out, review-loop)
and nothing is kept. Each --operator does steps of operator agents as \`mse-server operator --exec\` does: the prompt on
stdin, its stdout is the result. The final context goes to stdout, everything else to stderr. Ctrl-C cancels the run; a
second one ends at once.

Exit code: 0 done, 1 failed, 2 wrong usage or an invalid Blueprint, 3 cancelled, 4 timed out.`,
		run: (invocation) => run(parts, invocation),
	}
}

async function run({ server: start, readBlueprint }: RunParts, invocation: Invocation): Promise<number> {
	const request = readRunRequest(invocation)
	const place = openPlace(invocation)
	const interrupted = new AbortController()
	try {
		const forced = forcedExit(invocation, interrupted)
		return await Promise.race([withServer(), forced])
	} finally {
		place[Symbol.dispose]()
	}

	async function withServer(): Promise<number> {
		const { server, config } = await startEmbedded(start, invocation, place)
		try {
			if (interrupted.signal.aborted) return RUN_EXIT.cancelled
			const token = config.adminToken ?? undefined
			const complete = await withFile(request, (file) => readBlueprint(file, config), invocation)
			return await runOnce(mseClient({ url: server.url, token }), complete, {
				...{ report: newReport(invocation, systemClock), interrupted: interrupted.signal },
				...{ clock: systemClock, env: invocation.env, token },
			})
		} finally {
			await server.stop()
		}
	}
}

async function withFile(request: RunRequest, read: (file: string) => Promise<BlueprintSource>, { err }: Invocation): Promise<RunRequest> {
	if (request.file === null) return request
	const { document: value, warnings } = await read(request.file).catch((thrown) => Promise.reject(asInvalid(thrown)))
	for (const warning of warnings) err(`mse-server: ${warning}\n`)
	return { ...request, launch: { ...request.launch, blueprint: { kind: 'inline', value } } }
}

interface Place extends Disposable {
	readonly dataDir: string
	/** Made for this run, and gone with it. */
	readonly isTemporary: boolean
}

function openPlace({ flags }: Invocation): Place {
	const given = lastOf(flags, 'data-dir')
	if (given !== undefined) return { dataDir: given, isTemporary: false, [Symbol.dispose]() {} }
	const dataDir = mkdtempSync(join(tmpdir(), 'mse-run-'))
	return { dataDir, isTemporary: true, [Symbol.dispose]: () => rmSync(dataDir, { recursive: true, force: true }) }
}

/** The same server as `serve`, on a free port of this machine, with the configuration of this user. */
async function startEmbedded(
	start: StartServer,
	invocation: Invocation,
	place: Place,
): Promise<{ readonly server: RunningServer; readonly config: Config }> {
	const { env, err } = invocation
	const isLevelGiven = lastOf(invocation.flags, 'log-level') !== undefined || Boolean(env.MSE_LOG_LEVEL)
	const flags = new Map([
		...[...invocation.flags].filter(([name]) => ['config', 'log-level', 'log-format'].includes(name)),
		['bind', ['127.0.0.1:0']] as const,
		['data-dir', [place.dataDir]] as const,
		['ephemeral', ['false']] as const,
		['hive-enabled', ['false']] as const,
		// Somebody's own data directory keeps to what they stored there.
		...(place.isTemporary ? [['seed-samples', ['true']] as const] : []),
		...(isLevelGiven ? [] : [['log-level', ['warn']] as const]),
	])
	const config = loadConfig({ flags, env, readFile: readTextFile })
	const log = loggerOf(config.logFormat, { level: config.logLevel, clock: systemClock, write: err })
	return { server: await start(config, log), config }
}

/** The first signal cancels; the second is the exit code of a process that ended by it. */
async function forcedExit({ nextSignal }: Invocation, interrupted: AbortController): Promise<number> {
	interrupted.abort(await nextSignal())
	return 128 + constants.signals[await nextSignal()]
}
