import type { WebhookView } from '../../../protocol/webhook.ts'
import type { MseClient } from '../../client/client.ts'
import type { Command, Invocation } from '../command.ts'
import { connect, connectionFlags } from '../connection.ts'
import { EXIT, usageError } from '../exit-code.ts'
import { isOn } from '../flag.ts'
import { painter, printJson, table } from '../print.ts'

export const webhooksCommand: Command = {
	name: 'webhooks',
	summary: 'Show who is told of events, and try again what was not taken',
	usage: 'ls|retry [NAME] [flags]',
	positionals: 2,
	flags: [...connectionFlags, { name: 'json', placeholder: null, doc: 'print JSON' }],
	details: `  ls            every webhook, how far it got, and what it could not deliver
  retry NAME    deliver what was given up, oldest first`,
	async run(invocation) {
		const [verb = '', name] = invocation.positionals
		const client = connect(invocation)
		if (verb === 'ls') return list(client, invocation)
		if (verb !== 'retry') throw usageError(`There is no "webhooks ${verb}".`, `Usage: mse-server webhooks ${webhooksCommand.usage}`)
		if (!name) throw usageError('Which webhook? mse-server webhooks retry NAME', '`mse-server webhooks ls` lists them.')
		return retry(client, name, invocation)
	},
}

async function list(client: MseClient, invocation: Invocation): Promise<number> {
	const { webhooks } = await client.answer(client.v1.webhooks.get())
	if (isOn(invocation.flags, 'json')) printJson(invocation, webhooks)
	else invocation.out(`${webhooks.length === 0 ? 'no webhook is configured' : describe(webhooks, invocation)}\n`)
	return EXIT.done
}

function describe(webhooks: readonly WebhookView[], invocation: Invocation): string {
	const paint = painter(invocation)
	const head = ['NAME', 'DELIVERED', 'GIVEN UP', 'NOW', 'URL'].map((word) => paint('bold', word))
	const rows = webhooks.map(({ name, delivered, undelivered_total, trying, url }) => {
		const now = trying ? paint('yellow', `event ${trying.event_seq}, attempt ${trying.attempts}: ${trying.error}`) : 'waits for events'
		return [name, String(delivered), String(undelivered_total), now, url]
	})
	return table([head, ...rows])
}

async function retry(client: MseClient, name: string, invocation: Invocation): Promise<number> {
	const retried = await client.answer(client.v1.webhooks({ name: encodeURIComponent(name) }).retry.post())
	if (isOn(invocation.flags, 'json')) printJson(invocation, retried)
	else invocation.out(`${retried.delivered} delivered, ${retried.left} left${retried.error === undefined ? '' : `: ${retried.error}`}\n`)
	return retried.left === 0 ? EXIT.done : EXIT.refused
}
