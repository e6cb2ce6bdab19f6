import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MseError } from '../../../kernel/error.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { isOn, lastOf } from '../flag.ts'
import { WORKER_AGENT_NAME, workerAgentFile } from '../worker-agent.ts'

export const workerFileCommand: Command = {
	name: 'worker-file',
	summary: 'Print or write the agent file that makes Claude Code a worker',
	usage: '[--write DIR] [--force]',
	positionals: 0,
	flags: [
		{ name: 'write', placeholder: 'DIR', doc: `write ${WORKER_AGENT_NAME}.md into this folder instead of printing it` },
		{ name: 'force', placeholder: null, doc: 'replace a file that was changed' },
	],
	details: 'In a project: mse-server worker-file --write .claude/agents',
	async run({ flags, out }) {
		const folder = lastOf(flags, 'write')
		if (folder === undefined) out(workerAgentFile)
		else out(`wrote ${writeAgentFile(folder, isOn(flags, 'force'))}\n`)
		return EXIT.done
	},
}

function writeAgentFile(folder: string, force: boolean): string {
	const path = join(folder, `${WORKER_AGENT_NAME}.md`)
	if (!force && existsSync(path) && readFileSync(path, 'utf8') !== workerAgentFile) {
		throw new MseError('conflict', `${path} is there with other content.`, { hint: 'Pass --force to replace it.' })
	}
	mkdirSync(folder, { recursive: true })
	writeFileSync(path, workerAgentFile)
	return path
}
