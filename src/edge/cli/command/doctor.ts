import { type Config, loadConfig } from '../../../config.ts'
import { MseError } from '../../../kernel/error.ts'
import type { Check } from '../../../protocol/health.ts'
import { proveAddress } from '../address-probe.ts'
import type { Command, Invocation } from '../command.ts'
import { connect, connectionFlags } from '../connection.ts'
import { EXIT } from '../exit-code.ts'
import { isOn } from '../flag.ts'
import { painter, printJson, type Style, table } from '../print.ts'
import { readTextFile } from '../text-file.ts'

/** What `doctor` can find out about this machine without a server. */
export type LocalChecks = (config: Config) => Promise<Check[]>

const STYLES: { readonly [status in Check['status']]: Style } = { ok: 'green', missing: 'yellow', broken: 'red' }

/** `doctor` around whatever checks this machine. */
export function doctorCommand(localChecks: LocalChecks): Command {
	return {
		name: 'doctor',
		summary: 'Prove what the server, or this machine, can do, and say how to get the rest',
		usage: '[--url URL] [--json]',
		positionals: 0,
		flags: [
			...connectionFlags,
			{ name: 'json', placeholder: null, doc: 'print {source, url, checks: [{name, status, detail, hint}]}' },
			{ name: 'data-dir', placeholder: 'DIR', doc: 'data directory to check when no server answers' },
			{ name: 'bind', placeholder: 'IP:PORT', doc: 'address to check when no server answers' },
			{ name: 'config', placeholder: 'PATH', doc: 'file to read (default ~/.mse/config.toml)' },
		],
		details: `Asks the server; where none answers, tries this machine itself. Each line is something that was tried, not read:
ok, missing (not there; how to get it), or broken. Exit code 1 when something is broken.`,
		run: (invocation) => doctor(localChecks, invocation),
	}
}

async function doctor(localChecks: LocalChecks, invocation: Invocation): Promise<number> {
	const report = (await askServer(invocation)) ?? (await askMachine(localChecks, invocation))
	if (isOn(invocation.flags, 'json')) printJson(invocation, report)
	else invocation.out(reportText(report, invocation))
	return report.checks.some(({ status }) => status === 'broken') ? EXIT.refused : EXIT.done
}

interface Report {
	readonly source: 'server' | 'machine'
	readonly url: string
	readonly checks: readonly Check[]
}

/** Null when nobody answers there. */
async function askServer(invocation: Invocation): Promise<Report | null> {
	const client = connect(invocation)
	try {
		const { checks = [] } = await client.answer(client.v1.doctor.get({ query: { probe: true } }))
		return { source: 'server', url: client.url, checks }
	} catch (thrown) {
		if (thrown instanceof MseError && thrown.code === 'unreachable') return null
		throw thrown
	}
}

async function askMachine(localChecks: LocalChecks, invocation: Invocation): Promise<Report> {
	const { url } = connect(invocation)
	const config = loadConfig({ flags: invocation.flags, env: invocation.env, readFile: readTextFile })
	const server: Check = {
		name: 'server',
		status: 'missing',
		detail: `No server answers at ${url}.`,
		hint: 'Start one with mse-server serve, or name another with --url or MSE_URL.',
	}
	const file: Check = { name: 'config', status: 'ok', detail: configText(config) }
	const address = { name: 'address', ...(await proveAddress(config.bind)) }
	return { source: 'machine', url, checks: [server, file, ...(await localChecks(config)), address] }
}

function configText({ configFile, warnings }: Config): string {
	const found = readTextFile(configFile) === undefined ? `there is no ${configFile}; the defaults hold` : `${configFile} is understood`
	return [found, ...warnings].join('; ')
}

function reportText({ source, url, checks }: Report, invocation: Invocation): string {
	const paint = painter(invocation)
	const rows = checks.flatMap(({ name, status, detail, hint }) => [
		[paint(STYLES[status], status), name, detail],
		...(hint === undefined ? [] : [['', '', paint('dim', hint)]]),
	])
	return `${source === 'server' ? `the server at ${url}` : 'this machine'}\n${table(rows)}\n`
}
