import { MseError, messageOf } from '../../kernel/error.ts'
import { nearestName } from '../../kernel/nearest.ts'
import type { Command, Terminal } from './command.ts'
import { EXIT, exitCodeOf, usageError } from './exit-code.ts'
import { parseFlags } from './flag.ts'
import { commandHelp, overview } from './help.ts'

/** Runs what was typed after the program's name. Never throws: a failure is one line on stderr and the exit code. */
export async function runCli(args: readonly string[], commands: readonly Command[], terminal: Terminal): Promise<number> {
	try {
		return await dispatch(args, commands, terminal)
	} catch (thrown) {
		terminal.err(failureText(thrown))
		return exitCodeOf(thrown)
	}
}

async function dispatch([verb, ...rest]: readonly string[], commands: readonly Command[], terminal: Terminal): Promise<number> {
	if (verb === undefined) {
		terminal.err(overview(commands))
		return EXIT.usage
	}
	if (verb === 'help' || verb === '--help' || verb === '-h') return help(rest, commands, terminal)
	return runCommand(findCommand(verb === '--version' || verb === '-V' ? 'version' : verb, commands), rest, terminal)
}

async function runCommand(command: Command, args: readonly string[], terminal: Terminal): Promise<number> {
	if (command.verbs) return runVerb(command, command.verbs, args, terminal)
	const parsed = parseFlags(args, command.flags)
	if (parsed.help) return showHelp(command, terminal)
	const surplus = parsed.positionals[command.positionals]
	if (surplus !== undefined)
		throw usageError(`"${surplus}" is one argument too many.`, `Usage: mse-server ${command.name} ${command.usage}`)
	return command.run({ ...terminal, flags: parsed.flags, positionals: parsed.positionals })
}

/** Without a verb the help of all of them is what was missing, and goes where mistakes are told. */
async function runVerb(
	command: Command,
	verbs: readonly Command[],
	[verb, ...rest]: readonly string[],
	terminal: Terminal,
): Promise<number> {
	if (verb === '--help' || verb === '-h' || verb === 'help') return help([command.name, ...rest], [command], terminal)
	if (verb !== undefined) return runCommand(findVerb(command, verbs, verb), rest, terminal)
	terminal.err(commandHelp(command))
	return EXIT.usage
}

function help([name, verb]: readonly string[], commands: readonly Command[], terminal: Terminal): number {
	if (name !== undefined) {
		const command = findCommand(name, commands)
		return showHelp(verb === undefined || !command.verbs ? command : findVerb(command, command.verbs, verb), terminal)
	}
	terminal.out(overview(commands))
	return EXIT.done
}

function showHelp(command: Command, terminal: Terminal): number {
	terminal.out(commandHelp(command))
	return EXIT.done
}

function findVerb(command: Command, verbs: readonly Command[], verb: string): Command {
	const found = verbs.find(({ name }) => name === `${command.name} ${verb}`)
	if (found !== undefined) return found
	const names = verbs.map(({ name }) => name.slice(command.name.length + 1))
	throw usageError(`There is no "${command.name} ${verb}".${nearestName(verb, names)}`, `\`mse-server ${command.name} --help\` lists them.`)
}

function findCommand(verb: string, commands: readonly Command[]): Command {
	const found = commands.find(({ name }) => name === verb)
	if (found !== undefined) return found
	const names = commands.map(({ name }) => name)
	throw usageError(`There is no command "${verb}".${nearestName(verb, names)}`, '`mse-server help` lists them.')
}

/** Refusals and what the system says (`code` is set) are one line; a defect of ours keeps its stack. */
function failureText(thrown: unknown): string {
	const expected = thrown instanceof MseError || (thrown instanceof Error && 'code' in thrown)
	const text = expected || !(thrown instanceof Error) ? messageOf(thrown) : (thrown.stack ?? thrown.message)
	const hint = thrown instanceof MseError && thrown.hint !== undefined ? ` ${thrown.hint}` : ''
	return `mse-server: ${text}${hint}\n`
}
