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
	if (verb === 'help' || verb === '--help' || verb === '-h') return help(rest[0], commands, terminal)
	const command = findCommand(verb === '--version' || verb === '-V' ? 'version' : verb, commands)
	const parsed = parseFlags(rest, command.flags)
	if (parsed.help) return help(command.name, commands, terminal)
	const surplus = parsed.positionals[command.positionals]
	if (surplus !== undefined)
		throw usageError(`"${surplus}" is one argument too many.`, `Usage: mse-server ${command.name} ${command.usage}`)
	return command.run({ ...terminal, flags: parsed.flags, positionals: parsed.positionals })
}

function help(verb: string | undefined, commands: readonly Command[], terminal: Terminal): number {
	terminal.out(verb === undefined ? overview(commands) : commandHelp(findCommand(verb, commands)))
	return EXIT.done
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
