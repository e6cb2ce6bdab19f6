import { parseArgs } from 'node:util'
import { nearestName } from '../../kernel/nearest.ts'
import { usageError } from './exit-code.ts'

export interface Flag {
	/** Without dashes. */
	readonly name: string
	/** Stands for the value in help; null for a switch. */
	readonly placeholder: string | null
	readonly doc: string
	/** One letter that means the same. */
	readonly short?: string
	/** Accepted, yet left out of help. */
	readonly hidden?: boolean
}

/** Flag names without dashes, each with its values in the order given. A switch has `true`, or what stands behind its `=`. */
export type Flags = ReadonlyMap<string, readonly string[]>

export interface ParsedArguments {
	readonly flags: Flags
	readonly positionals: readonly string[]
	/** `--help` or `-h` was among them; nothing else was checked then. */
	readonly help: boolean
}

/** Splits what follows a command's name. Throws a usage error for a flag it does not know, naming the nearest, or one without its value. */
export function parseFlags(args: readonly string[], known: readonly Flag[]): ParsedArguments {
	const { tokens } = parseArgs({ args: [...args], options: toOptions(known), strict: false, allowPositionals: true, tokens: true })
	const flags = new Map<string, string[]>()
	const positionals: string[] = []
	for (const token of tokens) {
		if (token.kind === 'positional') positionals.push(token.value)
		if (token.kind !== 'option') continue
		if (token.name === 'help' || token.rawName === '-h') return { flags, positionals, help: true }
		const flag = known.find(({ name, short }) => token.rawName === `--${name}` || (short !== undefined && token.rawName === `-${short}`))
		if (flag === undefined) throw unknownFlag(token.rawName, known)
		flags.set(flag.name, [...(flags.get(flag.name) ?? []), flagValue(flag, token.value)])
	}
	return { flags, positionals, help: false }
}

/** The last value of a flag; it wins over earlier ones. */
export function lastOf(flags: Flags, name: string): string | undefined {
	return flags.get(name)?.at(-1)
}

/** Whether a switch is on. */
export function isOn(flags: Flags, name: string): boolean {
	return lastOf(flags, name) === 'true'
}

function toOptions(known: readonly Flag[]): Record<string, { type: 'string' | 'boolean'; short?: string }> {
	return Object.fromEntries(
		known.map(({ name, placeholder, short }) => {
			const type = placeholder === null ? 'boolean' : 'string'
			return [name, { type, ...(short !== undefined && { short }) } as const]
		}),
	)
}

function flagValue(flag: Flag, value: string | undefined): string {
	if (flag.placeholder === null) return value ?? 'true'
	if (value === undefined) throw usageError(`--${flag.name} needs a value: --${flag.name} ${flag.placeholder}`)
	return value
}

function unknownFlag(rawName: string, known: readonly Flag[]): Error {
	const names = known.filter(({ hidden }) => !hidden).map(({ name }) => `--${name}`)
	return usageError(`There is no flag ${rawName}.${nearestName(rawName, names)}`)
}
