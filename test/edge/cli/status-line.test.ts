import { describe, expect, test } from 'bun:test'
import { painter } from '../../../src/edge/cli/print.ts'
import { statusLine } from '../../../src/edge/cli/status-line.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { fakeTerminal } from './terminal.ts'

const CLEAR = '\r\x1b[K'
const plain = painter({ colour: false })
const about = (kind: 'step.dispatched' | 'step.completed', at: number, id: string) => ({
	seq: 1,
	at,
	kind,
	step_id: id,
	data: { ref: `s${id}` },
})

describe('the last line of a terminal', () => {
	test('says what is worked on and for how long, and is drawn anew each second', async () => {
		const clock = fakeClock()
		const terminal = fakeTerminal({ live: true })
		const line = statusLine(terminal, plain, clock)
		for (const id of ['1', '2', '3', '4']) line.take(about('step.dispatched', clock.now(), id))
		await clock.advance(2000)
		expect(terminal.stderr).toEndWith(`${CLEAR}working on s1 (2.0 s), s2 (2.0 s), s3 (2.0 s) and 1 more`)
		for (const id of ['1', '2', '3']) line.take(about('step.completed', clock.now(), id))
		await clock.advance(1000)
		expect(terminal.stderr).toEndWith(`${CLEAR}working on s4 (3.0 s)`)
		line.close()
		line.close()
		expect([terminal.stderr.endsWith(CLEAR), clock.pending]).toEqual([true, 0])
	})

	test('gives way to what is written above it', () => {
		const terminal = fakeTerminal({ live: true })
		const line = statusLine(terminal, plain, fakeClock())
		line.take(about('step.dispatched', 0, '1'))
		line.above('a line\n')
		expect(terminal.stderr).toContain(`${CLEAR}a line\n${CLEAR}working on s1`)
	})
})

test('where stderr is no terminal there is none', () => {
	const terminal = fakeTerminal()
	const clock = fakeClock()
	const line = statusLine(terminal, plain, clock)
	line.take(about('step.dispatched', 0, '1'))
	line.above('a line\n')
	line.close()
	expect([terminal.stderr, clock.pending]).toEqual(['a line\n', 0])
})
