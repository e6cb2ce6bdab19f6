import { hivePaths } from '../../../core/hive/hive-path.ts'
import { MseError, messageOf } from '../../../kernel/error.ts'
import { askSocket } from '../../client/hive-socket.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { isOn } from '../flag.ts'
import { painter, printJson, table } from '../print.ts'
import { type HiveRunDir, hostFlags, runDirOf } from './place.ts'
import { readAnswer } from './verb.ts'

interface Tried {
	readonly socket: string
	readonly ok: boolean
	readonly detail: string
	readonly hint?: string
}

/** `hive doctor`: whether this user reaches the sockets, each by a request. */
export function hiveDoctorVerb(runDir: HiveRunDir): Command {
	return {
		name: 'hive doctor',
		summary: 'Try the sockets of the hive as this user',
		usage: '[flags]',
		positionals: 0,
		flags: hostFlags.map((flag) => (flag.name === 'json' ? { ...flag, doc: 'print JSON' } : flag)),
		details: '`mse-server doctor` says more: of cages, and whether agents are kept from the sockets of others.',
		async run(invocation) {
			const paths = hivePaths(runDirOf(runDir, invocation))
			const host = await tryOut(paths.hostSocket, { cmd: 'list' })
			const manager = await tryOut(paths.managerSocket, { cmd: 'status' })
			const names = host.ok ? await agentNames(paths.hostSocket) : []
			const tried = [host, manager]
			for (const name of names) if (name !== 'manager') tried.push(await tryOut(paths.agentSocket(name), { cmd: 'status' }))
			const paint = painter(invocation)
			const rows = tried.map(({ socket, ok, detail }) => [paint(ok ? 'green' : 'yellow', ok ? 'ok' : 'missing'), socket, detail])
			if (isOn(invocation.flags, 'json')) printJson(invocation, tried)
			else invocation.out(`${table(rows)}\n`)
			if (!host.ok && host.hint !== undefined) invocation.err(`${host.hint}\n`)
			return host.ok ? EXIT.done : EXIT.unreachable
		},
	}
}

async function tryOut(socket: string, request: object): Promise<Tried> {
	try {
		return { socket, ok: true, detail: await askSocket(socket, request) }
	} catch (thrown) {
		const hint = thrown instanceof MseError ? thrown.hint : undefined
		return { socket, ok: false, detail: messageOf(thrown), ...(hint !== undefined && { hint }) }
	}
}

async function agentNames(hostSocket: string): Promise<readonly string[]> {
	const { agents } = readAnswer(await askSocket(hostSocket, { cmd: 'list' }))
	return Array.isArray(agents) ? agents.map(String) : []
}
