import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import manifest from '../../package.json'
import { configFlags, loadConfig } from '../../src/config.ts'
import { commandTable } from '../../src/edge/cli/table.ts'
import { dataDirWork } from '../../src/engine/data-dir-work.ts'
import { CHECKOUT } from './checkout.ts'

const lines = readFileSync(join(CHECKOUT, 'Dockerfile'), 'utf8').split('\n')
const instructions = (name: string): string[] =>
	lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1))

test('it is built with the pinned Bun, by the script everybody uses', () => {
	expect(instructions('FROM')[0]).toBe(`oven/${manifest.packageManager.replace('@', ':')}-debian AS build`)
	expect(instructions('RUN')).toContain('./scripts/build')
})

test('what it copies is there and is not ignored', () => {
	const kept = readFileSync(join(CHECKOUT, '.dockerignore'), 'utf8').split('\n')
	const sources = instructions('COPY')
		.filter((line) => !line.startsWith('--from'))
		.flatMap((line) => line.split(' ').slice(0, -1))
	expect(sources.length).toBeGreaterThan(3)
	for (const source of sources) {
		const name = source.replace('./', '')
		expect(existsSync(join(CHECKOUT, name)) ? name : `${name} is missing`).toBe(name)
		expect(kept).toContain(`!${name}`)
	}
})

test('its commands are commands of the program', () => {
	const words = [...instructions('CMD'), ...lines.flatMap((line) => /^HEALTHCHECK .*CMD (.*)$/.exec(line)?.[1] ?? [])].flatMap((line) =>
		JSON.parse(line),
	)
	const names = commandTable({
		server: () => Promise.reject(new Error('not started')),
		localChecks: async () => [],
		readBlueprint: () => Promise.reject(new Error('not read')),
		dataDirWork,
		hiveRunDir: () => '',
	}).map(({ name }) => name)
	expect(words).toEqual(['serve', 'mse-server', 'health'])
	expect(names).toContain('serve')
	expect(names).toContain('health')
})

test('its settings bind all addresses with a token of its own, and keep everything in the volume', () => {
	const env = Object.fromEntries(instructions('ENV').flatMap((line) => line.split(' ').map((pair) => pair.split('='))))
	const flags = configFlags().map(({ name }) => `MSE_${name.toUpperCase().replaceAll('-', '_')}`)
	expect(Object.keys(env).filter((name) => name !== 'HOME' && !flags.includes(name))).toEqual([])
	const config = loadConfig({ flags: new Map(), env, readFile: () => undefined })
	const [volume] = instructions('VOLUME')
	expect(config.bind).toMatchObject({ host: '0.0.0.0', port: Number(instructions('EXPOSE')[0]) })
	for (const path of [config.dataDir, config.adminTokenFile, config.configFile]) expect(path).toStartWith(`${volume}/`)
})

test('it does not run as root', () => {
	expect(instructions('USER')).toEqual(['mse'])
})
