import { startServer } from './app.ts'
import { readSource } from './edge/cli/blueprint/source.ts'
import type { ReadBlueprint } from './edge/cli/command/run.ts'
import type { Terminal } from './edge/cli/command.ts'
import { wantsColour } from './edge/cli/print.ts'
import { runCli } from './edge/cli/run.ts'
import { commandTable } from './edge/cli/table.ts'
import { runBlueprintScript } from './engine/blueprint-script.ts'
import { dataDirWork } from './engine/data-dir-work.ts'
import { localChecks } from './engine/doctor.ts'
import { expandFileDocument } from './engine/expansion.ts'
import { hiveFolders } from './engine/hive/folder.ts'

/** Runs what was typed, and resolves to the exit code once everything is written. */
export async function runCommandLine(): Promise<number> {
	// `| head` closes stdout early; that is no failure.
	process.stdout.on('error', () => process.exit(0))
	const commands = commandTable({
		server: (config, log) => startServer(config, log, process.env),
		readBlueprint,
		dataDirWork,
		hiveRunDir: ({ hive }) => hiveFolders({ config: hive, environment: process.env, uid: process.getuid?.() ?? -1 }).runDir,
		localChecks: (config) => localChecks(config, process.env),
	})
	const code = await runCli(process.argv.slice(2), commands, terminal)
	await new Promise<void>((written) => process.stdout.write('', () => written()))
	return code
}

const readBlueprint: ReadBlueprint = (file, config) =>
	readSource(file, {
		evaluateLua: (script) => runBlueprintScript(script, config),
		expand: (document, from) => expandFileDocument(document, from, config, process.env),
	})

const terminal: Terminal = {
	out: (text) => void process.stdout.write(text),
	err: (text) => void process.stderr.write(text),
	colour: wantsColour(process.stdout, process.env),
	errColour: wantsColour(process.stderr, process.env),
	errLive: process.stderr.isTTY && process.env.TERM !== 'dumb',
	env: process.env,
	nextSignal,
}

/** Each signal wakes one waiter; the next call waits for the next signal. */
function nextSignal(): Promise<NodeJS.Signals> {
	return new Promise((resolve) => {
		const take = (signal: NodeJS.Signals): void => {
			process.off('SIGINT', take)
			process.off('SIGTERM', take)
			resolve(signal)
		}
		process.on('SIGINT', take)
		process.on('SIGTERM', take)
	})
}
