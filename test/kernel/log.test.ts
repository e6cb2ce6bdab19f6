import { expect, test } from 'bun:test'
import { type LogFormat, loggerOf } from '../../src/kernel/log.ts'
import { fakeClock } from '../support/fake-clock.ts'

function lines(format: LogFormat) {
	const written: string[] = []
	return { written, log: loggerOf(format, { level: 'info', clock: fakeClock(), write: (line) => void written.push(line) }) }
}

test('a line is one JSON object with its fields', () => {
	const { log, written } = lines('json')
	log.with({ run_id: 'R-1' }).warn('it\nbroke', { error: new Error('no\nway') })
	expect(written).toHaveLength(1)
	expect(JSON.parse(written[0] ?? '')).toMatchObject({ level: 'warn', message: 'it\nbroke', run_id: 'R-1', error: { message: 'no\nway' } })
})

test('as text it is one line as well, whatever is in it', () => {
	const { log, written } = lines('text')
	log.debug('not told')
	log.error('it\nbroke', { run_id: 'R-1', text: 'two\nlines', error: new Error('no\nway') })
	expect(written).toHaveLength(1)
	expect(written[0]).toMatch(/^\S+Z error it broke run_id=R-1 text="two\\nlines" error=\{.*"message":"no\\nway".*\}\n$/)
})
