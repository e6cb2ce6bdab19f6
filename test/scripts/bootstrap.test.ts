import { describe, expect, test } from 'bun:test'
import manifest from '../../package.json'
import { type ScriptWorld, scriptWorld } from './checkout.ts'

const pinned = manifest.packageManager.replace('bun@', '')
const SOURCE = 'source scripts/bootstrap && command -v bun && bun --version'

/** A `bun` of that version; it installs nothing and says what it was asked. */
const bunProgram = (version: string): string =>
	`case $1 in --version) echo ${version} ;; install) echo "$@" > installed ;; *) echo "bun $@" > fetched ;; esac`

/** An `npm` that leaves what the real one leaves without install scripts: a stub, and builds of which only one runs here. */
function npmProgram(version: string): string {
	return `echo "npm $@" > ../fetched
mkdir -p node_modules/.bin node_modules/@oven/bun-linux-a/bin node_modules/@oven/bun-linux-b/bin
printf '#!/nonexistent\\n' > node_modules/@oven/bun-linux-a/bin/bun
cat > node_modules/@oven/bun-linux-b/bin/bun <<'END'
#!/usr/bin/env bash
${bunProgram(version)}
END
/bin/chmod +x node_modules/@oven/*/bin/bun`
}

const fetched = (world: ScriptWorld) => Bun.file(`${world.path}/fetched`)

describe('a machine', () => {
	test('with the pinned Bun uses it, and installs from the lock alone', async () => {
		using world = scriptWorld()
		world.program('bun', bunProgram(pinned))
		expect(await world.bash(SOURCE)).toMatchObject({ code: 0, stdout: expect.stringContaining('/machine/bun') })
		expect(await fetched(world).exists()).toBe(false)
		expect(await Bun.file(`${world.path}/installed`).text()).toBe('install --frozen-lockfile\n')
	})

	test('with npm and no Bun, or another one, gets the pinned one without running install scripts', async () => {
		for (const other of [null, '1.0.0']) {
			using world = scriptWorld()
			if (other !== null) world.program('bun', bunProgram(other))
			world.program('npm', npmProgram(pinned))
			const { code, stdout } = await world.bash(SOURCE)
			expect([code, stdout]).toEqual([0, `${world.path}/.bun/bin/bun\n${pinned}\n`])
			expect(await fetched(world).text()).toContain(`--ignore-scripts --loglevel=error bun@${pinned}`)
		}
	})

	test('fetches once', async () => {
		using world = scriptWorld()
		world.program('npm', npmProgram(pinned))
		await world.bash(SOURCE)
		await fetched(world).delete()
		expect((await world.bash(SOURCE)).code).toBe(0)
		expect(await fetched(world).exists()).toBe(false)
	})

	test('with another Bun and no npm asks that Bun for the pinned one', async () => {
		using world = scriptWorld()
		world.program('bun', bunProgram('1.0.0'))
		await world.bash(SOURCE)
		expect(await Bun.file(`${world.path}/.bun/fetched`).text()).toBe(`bun add --exact --ignore-scripts bun@${pinned}\n`)
	})

	test('with neither is told what is missing, in one line', async () => {
		using world = scriptWorld()
		const { code, stderr } = await world.bash(SOURCE)
		expect(code).toBe(1)
		expect(stderr).toBe(`bash: needs Bun, or Node with npm, to fetch Bun ${pinned}; neither is on PATH.\n`)
	})

	test('on which what was fetched does not run is named', async () => {
		using world = scriptWorld()
		world.program('npm', npmProgram('9.9.9'))
		const { code, stderr } = await world.bash(SOURCE)
		expect(code).toBe(1)
		expect(stderr).toContain(`the Bun ${pinned} that was fetched does not run on `)
	})
})
