import { describe, expect, test } from 'bun:test'
import manifest from '../../../../package.json'
import { versionCommand } from '../../../../src/edge/cli/command/version.ts'
import { runCli } from '../../../../src/edge/cli/run.ts'
import { fakeTerminal } from '../terminal.ts'

async function type(...args: readonly string[]) {
	const terminal = fakeTerminal()
	const code = await runCli(args, [versionCommand], terminal)
	return { code, stdout: terminal.stdout, stderr: terminal.stderr }
}

describe('version', () => {
	test('is the one of package.json, also as --version', async () => {
		const line = { code: 0, stdout: `mse-server ${manifest.version}\n` }
		expect(await type('version')).toMatchObject(line)
		expect(await type('--version')).toMatchObject(line)
	})

	test('--json adds the API versions, Bun and the platform', async () => {
		expect(JSON.parse((await type('version', '--json')).stdout)).toMatchObject({
			version: manifest.version,
			api_version: 'v1',
			api_versions: ['v1'],
			features: expect.arrayContaining(['idempotency_key']),
			bun: Bun.version,
		})
	})
})
