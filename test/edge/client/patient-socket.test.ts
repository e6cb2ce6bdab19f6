import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { askPatiently } from '../../../src/edge/client/patient-socket.ts'
import { sleep } from '../../../src/kernel/clock.ts'
import { eventually } from '../../support/eventually.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { tempDir } from '../../support/temp-dir.ts'

/** A socket that hangs up on the first `deaf` connections after it was written to, and answers the others. */
function listen(path: string, deaf = 0) {
	const heard: string[] = []
	const listener = Bun.listen({
		unix: path,
		socket: {
			data(socket, chunk) {
				heard.push(chunk.toString())
				if (heard.length <= deaf) socket.end()
				else socket.write('{"kind":"ok"}\n')
			},
		},
	})
	return { heard, [Symbol.dispose]: () => listener.stop(true) }
}

test('while nobody answers it is tried after 2, 4, 8, 16 and 30 s, and then says how often', async () => {
	using folder = tempDir()
	const clock = fakeClock()
	const path = join(folder.path, 's')
	const asked = askPatiently({ path, clock }, { cmd: 'send' }, { mayRepeat: false }).catch((error: Error) => error.message)
	for (const pause of [2, 4, 8, 16, 30]) {
		await eventually(() => clock.pending === 1, { what: `the pause of ${pause} s` })
		const before = clock.now()
		await clock.advance(pause * 1000 - 1)
		expect(clock.pending).toBe(1)
		await clock.advance(1)
		expect(clock.now() - before).toBe(pause * 1000)
	}
	expect(await asked).toBe(`the hive did not answer at ${path}: ENOENT (retried 5×)`)
})

test('a request that came too early is made once somebody listens', async () => {
	using folder = tempDir()
	const clock = fakeClock()
	const path = join(folder.path, 's')
	const asked = askPatiently({ path, clock }, { cmd: 'send', body: 'x' }, { mayRepeat: false })
	await eventually(() => clock.pending === 1, { what: 'the first pause' })
	using server = listen(path)
	await clock.advance(2000)
	expect(await asked).toEqual({ kind: 'ok' })
	expect(server.heard).toEqual(['{"cmd":"send","body":"x"}\n'])
})

test('one whose bytes may have been taken is not repeated, unless that does no harm', async () => {
	using folder = tempDir()
	const clock = fakeClock()
	const path = join(folder.path, 's')
	using server = listen(path, 2)
	const once = askPatiently({ path, clock }, { cmd: 'send' }, { mayRepeat: false })
	expect(once).rejects.toThrow('the connection ended before the answer; it may have been taken, so it was not repeated')
	await once.catch(() => {})
	const again = askPatiently({ path, clock }, { cmd: 'status' }, { mayRepeat: true })
	await eventually(() => clock.pending === 1, { what: 'the pause' })
	await clock.advance(2000)
	expect(await again).toEqual({ kind: 'ok' })
	expect(server.heard).toHaveLength(3)
})

test('a signal ends it at any time', async () => {
	using folder = tempDir()
	const clock = fakeClock()
	const left = new AbortController()
	const asked = askPatiently({ path: join(folder.path, 's'), clock }, {}, { mayRepeat: true, signal: left.signal }).catch(
		(error: Error) => error.message,
	)
	void sleep(clock, 500).then(() => left.abort(new Error('gone')))
	await eventually(() => clock.pending === 2, { what: 'the pause' })
	await clock.advance(500)
	expect(await asked).toBe('gone')
})
