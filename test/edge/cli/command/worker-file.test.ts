import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { workerFileCommand } from '../../../../src/edge/cli/command/worker-file.ts'
import { runCli } from '../../../../src/edge/cli/run.ts'
import { tempDir } from '../../../support/temp-dir.ts'
import { fakeTerminal } from '../terminal.ts'

async function type(...args: readonly string[]) {
	const terminal = fakeTerminal()
	const code = await runCli(args, [workerFileCommand], terminal)
	return { code, stdout: terminal.stdout, stderr: terminal.stderr }
}

describe('worker-file', () => {
	test('names the agent as directives do, and every route and credential it needs', async () => {
		const { stdout } = await type('worker-file')
		expect(stdout).toMatch(/^---\nname: mse-worker\ndescription: .+\ntools: .+\n---\n/)
		for (const literal of ['agent_id:', 'worker_handle:', 'base_url:', 'task_id:', 'Authorization: Bearer <worker_handle>', '`OUTPUT`']) {
			expect(stdout).toContain(literal)
		}
		for (const route of ['/v1/worker/prompt?task_id=', '/v1/worker/submit', '?ok=false', 'verdict=', '/v1/worker/artifact?name=']) {
			expect(stdout).toContain(route)
		}
	})

	test('is written into a folder, and a changed one only with --force', async () => {
		using folder = tempDir()
		const agents = join(folder.path, '.claude/agents')
		const file = join(agents, 'mse-worker.md')
		expect(await type('worker-file', '--write', agents)).toMatchObject({ code: 0, stdout: `wrote ${file}\n` })
		expect((await type('worker-file', '--write', agents)).code).toBe(0)
		writeFileSync(file, 'mine')
		expect(await type('worker-file', '--write', agents)).toMatchObject({ code: 1 })
		expect(readFileSync(file, 'utf8')).toBe('mine')
		expect((await type('worker-file', '--write', agents, '--force')).code).toBe(0)
		expect(existsSync(file) && readFileSync(file, 'utf8')).toStartWith('---\nname: mse-worker')
	})
})
