import { readFileSync, statSync } from 'node:fs'
import { MseError } from '../../kernel/error.ts'
import { askLine } from './unix-line.ts'

/**
 * Sends one request to a socket of the hive, a JSON object on a line, and resolves to the line that answers it. Waits for as long as the
 * verb takes. Throws `unavailable` (code `unreachable`) when nobody answers there, with what is in the way.
 */
export async function askSocket(path: string, request: object): Promise<string> {
	const answer = await askLine(path, request)
	if ('code' in answer) throw noSocket(path, answer.code)
	return answer.line
}

/** Why nobody can be asked at a socket, by the system's word for it. */
export function noSocket(path: string, code: string, group = groupOf(path)): MseError {
	const [sentence, hint] = REASONS[code]?.(path, group) ?? [`${path} cannot be reached: ${code}.`, 'Is it the socket of a hive?']
	return new MseError('unavailable', sentence, { code: 'unreachable', hint })
}

type Reason = (path: string, group: string | null) => readonly [sentence: string, hint: string]

const denied: Reason = (path, group) => [
	`permission denied: ${path} is not for this user.`,
	group === null ? 'Its folder is closed to this user.' : `Its group is ${group}: members of hive.admin_group are operators.`,
]

const REASONS: { readonly [code: string]: Reason } = {
	EACCES: denied,
	EPERM: denied,
	ENOENT: (path) => [`no hive is running: there is no ${path}.`, 'Start one with `mse-server serve`, or name its folder with --run-dir.'],
	ECONNREFUSED: (path) => [
		`${path} is stale: whoever made it has gone.`,
		'Start `mse-server serve` again; it takes the place of what is left there.',
	],
	EPIPE: (path) => [`${path} ended before it answered.`, 'The server was stopped, or what was asked is too long; see its log.'],
}

/** The group of a file by name, or by number where it has none; null where not even that is to be seen. */
function groupOf(path: string): string | null {
	try {
		const gid = String(statSync(path).gid)
		const lines = readFileSync('/etc/group', 'utf8').split('\n')
		return lines.find((line) => line.split(':')[2] === gid)?.split(':')[0] ?? gid
	} catch {
		return null
	}
}
