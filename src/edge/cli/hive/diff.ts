import { pathId } from '../../client/client.ts'
import type { Command } from '../command.ts'
import { connect, connectionFlags } from '../connection.ts'
import { EXIT, usageError } from '../exit-code.ts'
import { isOn } from '../flag.ts'
import { printJson } from '../print.ts'

/** `hive diff`: what somebody is asked to approve. Over HTTP, since the socket has no verb for it. */
export const hiveDiffVerb: Command = {
	name: 'hive diff',
	summary: 'Show what a proposed config of an agent changes',
	usage: 'NAME APPROVAL [flags]',
	positionals: 2,
	flags: [{ name: 'json', placeholder: null, doc: 'print JSON' }, ...connectionFlags],
	async run(invocation) {
		const [name, approval] = invocation.positionals
		if (name === undefined || approval === undefined)
			throw usageError('NAME and APPROVAL are needed.', 'Usage: mse-server hive diff NAME APPROVAL')
		const client = connect(invocation)
		const config = client.v1.hive.config({ name: encodeURIComponent(name) })
		const diff = await client.answer(config.proposals(pathId(approval)).diff.get())
		if (isOn(invocation.flags, 'json')) printJson(invocation, diff)
		else invocation.out(`${diff.base_sha ?? 'nothing'} → ${diff.fetched_sha}\n${diff.patch}${diff.truncated ? '…\n' : ''}`)
		return EXIT.done
	},
}
