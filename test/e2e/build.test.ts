import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256Hex } from '../../src/kernel/hash.ts'
import { binaryPath, CHECKOUT, runBinary } from './support/binary.ts'

const MUSL = join(CHECKOUT, 'dist/mse-server-linux-x64-musl')
const hasMusl = existsSync('/lib/ld-musl-x86_64.so.1') && Boolean(Bun.env.MSE_MUSL_LIBRARIES)

describe('the binary', () => {
	test('runs from an empty folder with an empty environment', async () => {
		const { code, stdout, stderr } = await runBinary(['version', '--json'])
		expect([code, stderr]).toEqual([0, ''])
		expect(JSON.parse(stdout)).toMatchObject({ name: 'mse-server', platform: `${process.platform}-${process.arch}` })
	})

	test('does not read .env or bunfig.toml of the folder it is started in', async () => {
		const files = { '.env': 'MSE_URL=http://127.0.0.1:1', 'bunfig.toml': 'preload = ["./no-such-file.ts"]' }
		const { stderr } = await runBinary(['health'], { files, env: { MSE_BIND: '127.0.0.1:2' } })
		expect(stderr).toStartWith('mse-server: http://127.0.0.1:2 is not healthy')
	})

	test('has its sum in the file beside it', () => {
		const sums = readFileSync(join(CHECKOUT, 'dist/SHA256SUMS'), 'utf8')
		expect(sums).toContain(`${sha256Hex(readFileSync(binaryPath()))}  mse-server\n`)
	})
})

describe('the build for musl', () => {
	test.skipIf(!hasMusl)('runs under the musl loader', async () => {
		const build = Bun.spawn([join(CHECKOUT, 'scripts/build'), 'linux-x64-musl'], { stdout: 'ignore', stderr: 'inherit' })
		expect(await build.exited).toBe(0)
		const env = { LD_LIBRARY_PATH: Bun.env.MSE_MUSL_LIBRARIES ?? '' }
		expect(await runBinary(['version'], { binary: MUSL, env })).toMatchObject({ code: 0, stdout: expect.stringMatching(/^mse-server /) })
	})
})

test('a target that does not exist is named with those that do', async () => {
	const build = Bun.spawn([join(CHECKOUT, 'scripts/build'), 'plan9'], { stdout: 'ignore', stderr: 'pipe' })
	expect(await build.exited).toBe(1)
	expect(await build.stderr.text()).toStartWith('build: there is no target "plan9"; there are linux-x64 ')
})
