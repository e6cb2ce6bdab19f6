import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as builder from 'mse-server/blueprint'

const SRC = join(import.meta.dir, '../../../src')
const guide = readFileSync(join(SRC, 'edge/mcp/guide/blueprint-authoring.md'), 'utf8')
const modules = ['flow', 'blueprint'].map((name) => readFileSync(join(SRC, `backend/lua/dsl/${name}.lua`), 'utf8')).join('\n')

test('the guide names only words of the Lua modules, and all of them that are for authors', () => {
	const named = new Set([...guide.matchAll(/\b([FB]\.[a-z_]+)/g)].map(([, word = '']) => word))
	const functions = [...modules.matchAll(/^(?:function )?([FB]\.[a-z_]+)(?: = |\()/gm)].map(([, word = '']) => word)
	const nodes = [...modules.matchAll(/^node\('([a-z_]+)'/gm)].map(([, word = '']) => `F.${word}`)
	const inner = ['F.place', 'F.mark', 'F.lines_in', 'F.raw']
	expect([...named].sort()).toEqual([...new Set([...functions, ...nodes])].filter((word) => !inner.includes(word)).sort())
})

test('the guide names everything the builder has', () => {
	const missing = Object.keys(builder).filter((name) => !guide.includes(name))
	expect(missing).toEqual([])
})
