import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { openChildList } from '../../../src/backend/process/child-list.ts'
import { endLeftovers } from '../../../src/backend/process/leftover.ts'
import { readProcesses } from '../../../src/backend/process/process-table.ts'
import { newAttempt } from '../../support/attempt.ts'
import { eventually } from '../../support/eventually.ts'
import { markedProcesses } from '../../support/marked-process.ts'
import { processOptions } from '../../support/process-options.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { perform, sh } from './perform.ts'

const server = `${import.meta.dir}/../../fixture/program/dying-server.ts`

/** The children of a server that was killed at work. */
async function orphans(dataDirId: string, script: string, size: number): Promise<void> {
	const dying = Bun.spawn([process.execPath, server, `${dataDirId}:ST-1:1`, script], { stdin: 'ignore', stdout: 'ignore' })
	await eventually(() => markedProcesses(`${dataDirId}:`).length >= size, { what: 'the tree stands' })
	dying.kill('SIGKILL')
	await dying.exited
	expect(markedProcesses(`${dataDirId}:`).length).toBeGreaterThanOrEqual(size)
}

test('after a kill -9 the trees of the dead server are ended, and nobody else', async () => {
	const [mine, other] = [crypto.randomUUID(), crypto.randomUUID()]
	await orphans(mine, `(trap '' TERM; while :; do sleep 0.05; done) & (setsid sleep 1000 &) ; sleep 1000`, 3)
	await orphans(other, 'sleep 1000', 1)
	expect(await endLeftovers(mine, processOptions())).toBeGreaterThanOrEqual(3)
	expect(markedProcesses(`${mine}:`)).toEqual([])
	expect(markedProcesses(`${other}:`).length).toBeGreaterThan(0)
	await endLeftovers(other, processOptions())
})

test('a descendant that hid its environment goes with its tree', async () => {
	const id = crypto.randomUUID()
	const hidden = `mse-hidden-${id}`
	await orphans(id, `env -i sh -c 'while :; do :; sleep 0.02; done' ${hidden} & wait`, 1)
	await eventually(() => commandLines().some((line) => line.includes(hidden) && !line.includes('env')), { what: 'the hidden one runs' })
	await endLeftovers(id, processOptions())
	expect(commandLines().filter((line) => line.includes(hidden))).toEqual([])
})

test('with nothing left behind nothing is ended', async () => {
	expect(await endLeftovers(crypto.randomUUID(), processOptions())).toBe(0)
})

test('a child whose marker cannot be read is found in the list of children', async () => {
	using dir = tempDir()
	const file = `${dir.path}/children.json`
	const unmarked = Bun.spawn(['sh', '-c', 'sleep 1000 & wait'], { detached: true })
	const inItsSession = () => readProcesses().filter((row) => row.session === unmarked.pid)
	await eventually(() => inItsSession().length === 2, { what: 'the shell and its child' })
	openChildList(file).add(unmarked.pid)
	const childList = openChildList(file)
	expect(await endLeftovers(crypto.randomUUID(), { ...processOptions(), childList })).toBe(2)
	expect(inItsSession()).toEqual([])
})

test('a child that ended is struck out of the list, and a pid used anew is not taken for it', async () => {
	using dir = tempDir()
	const file = `${dir.path}/children.json`
	const list = openChildList(file)
	await perform(sh('true'), newAttempt(), { childList: list })
	expect(readFileSync(file, 'utf8')).toBe('[]')
	list.add(process.pid)
	const self = { pid: process.pid, parent: 0, group: 0, session: 0 }
	const startedAt = readProcesses().find((row) => row.pid === process.pid)?.startedAt ?? ''
	expect(openChildList(file).has({ ...self, startedAt })).toBe(true)
	expect(openChildList(file).has({ ...self, startedAt: 'another time' })).toBe(false)
})

function commandLines(): string[] {
	return Bun.spawnSync(['ps', '-A', '-o', 'args=']).stdout.toString().split('\n')
}
