import { expect, test } from 'bun:test'
import { buildApp } from 'mse-server'
import { endLeftBehind, runWorkerKey } from '../../../src/core/worker/run-worker.ts'
import { CODER, runtimeWorld } from '../../edge/http/runtime-world.ts'
import { eventually } from '../../support/eventually.ts'
import { tempDir } from '../../support/temp-dir.ts'

test('workers of runs that ended while nobody looked are ended, others are not', async () => {
	await using world = await runtimeWorld()
	const request = CODER as never
	for (const runId of ['R-ended', 'R-open']) await world.runtime.create(request, { name: runWorkerKey(runId, 'writer'), fingerprint: 'x' })
	const free = await world.create()
	await endLeftBehind({ store: world.store, runtime: world.runtime, hasEnded: async (runId) => runId === 'R-ended' })
	const running = await world.store.list({ status: 'running' })
	expect(running.map(({ id }) => id)).toEqual(['worker-00000002', free])
	const again = await world.runtime.create(request, { name: runWorkerKey('R-ended', 'writer'), fingerprint: 'x' })
	expect([again.id, again.status]).toEqual(['worker-00000004', 'running'])
})

test('a server that starts ends the worker of a run that ended before, and starts nothing for it', async () => {
	using dir = tempDir()
	const before = await buildApp({ dataDir: dir.path })
	const { id } = await before.engine.workers.runtime.create(CODER as never, { name: runWorkerKey('R-gone', 'writer'), fingerprint: 'x' })
	await before.stop()
	const app = await buildApp({ dataDir: dir.path })
	await app.recover()
	const { store } = app.engine.workers
	await eventually(async () => (await store.find(id))?.status === 'stopped', { what: 'the end of the worker' })
	expect((await store.events(0, 100)).at(-1)).toMatchObject({ kind: 'worker_stopped', message: 'its run ended' })
	expect((await store.find(id))?.generation).toBe(1)
	await app.stop()
})
