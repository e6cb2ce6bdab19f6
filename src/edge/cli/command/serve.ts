import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { type Config, configFlags, loadConfig, retiredFlags } from '../../../config.ts'
import { systemClock } from '../../../kernel/clock.ts'
import { MseError } from '../../../kernel/error.ts'
import { type Logger, loggerOf } from '../../../kernel/log.ts'
import { adminTokenFromFile } from '../admin-token.ts'
import type { Command, Invocation } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { portHolder } from '../port-holder.ts'
import { readTextFile } from '../text-file.ts'

export interface RunningServer {
	/** The address it really listens on, such as `http://127.0.0.1:7777`. */
	readonly url: string
	/** Drains and closes; may be called twice. */
	stop(): Promise<void>
}

export type StartServer = (config: Config, log: Logger) => Promise<RunningServer>

/** `serve` around whatever starts a server: configuration, the one line on stdout, signals. */
export function serveCommand(start: StartServer): Command {
	return {
		name: 'serve',
		summary: 'Run the server until SIGINT or SIGTERM',
		usage: '[flags]',
		positionals: 0,
		flags: [...configFlags(), ...retiredFlags().map((flag) => ({ ...flag, hidden: true }))],
		details: `Each flag is also a key of the file (--sync-timeout-secs is sync_timeout_secs, --limits-body-bytes is body_bytes
under [limits]) and an environment variable (MSE_SYNC_TIMEOUT_SECS). The command line wins over the environment, that
over the file, that over the default. A second signal ends the server without waiting.`,
		run: (invocation) => serve(start, invocation),
	}
}

async function serve(start: StartServer, invocation: Invocation): Promise<number> {
	const loaded = loadConfig({ flags: invocation.flags, env: invocation.env, readFile: readTextFile })
	const log = loggerOf(loaded.logFormat, { level: loaded.logLevel, clock: systemClock, write: invocation.err })
	for (const warning of loaded.warnings) log.warn(warning)
	const config = withAdminToken(loaded, invocation)
	const server = await start(config, log).catch((thrown: unknown) => {
		throw startFailure(thrown, config)
	})
	invocation.out(`mse-server listening on ${server.url}\n`)
	// Whoever reads the address may signal at once, so the signal is listened for first.
	const signalled = invocation.nextSignal()
	if (config.addressFile !== null) writeWhole(config.addressFile, `${server.url}\n`)
	log.info('stopping', { signal: await signalled })
	const code = await Promise.race([server.stop().then(() => EXIT.done), forcedExit(invocation)])
	if (config.addressFile !== null) rmSync(config.addressFile, { force: true })
	return code
}

/** A token given directly wins over the file, which is then left alone. */
function withAdminToken(config: Config, { err }: Invocation): Config {
	const path = config.adminTokenFile
	if (config.adminToken !== null || path === null) return config
	const { token, created } = adminTokenFromFile(path)
	err(`mse-server: ${created ? 'a new' : 'the'} admin token is in ${path}\n`)
	return Object.freeze({ ...config, adminToken: token })
}

/** What the system says about an address, as a sentence with the holder in it. Other failures stay as they are. */
function startFailure(thrown: unknown, { bind }: Config): unknown {
	const code = systemCode(thrown)
	if (code === 'EADDRINUSE') {
		const holder = portHolder(bind.port) ?? 'another program'
		const hint = 'Stop that one, or pass --bind with another port; port 0 takes a free one.'
		return new MseError('conflict', `${bind.text} is taken by ${holder}.`, { code: 'address_taken', hint, cause: thrown })
	}
	if (code === 'EADDRNOTAVAIL') return new MseError('invalid', `${bind.host} is no address of this machine.`, { cause: thrown })
	if (code === 'EACCES' && bind.port < 1024)
		return new MseError('forbidden', `Port ${bind.port} needs more rights than this user has.`, { cause: thrown })
	return thrown
}

function systemCode(thrown: unknown): unknown {
	return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
}

/** Readers see the whole text or no file. */
function writeWhole(path: string, text: string): void {
	const draft = `${path}.${process.pid}.tmp`
	writeFileSync(draft, text)
	renameSync(draft, path)
}

async function forcedExit({ nextSignal }: Invocation): Promise<number> {
	return 128 + constants.signals[await nextSignal()]
}
