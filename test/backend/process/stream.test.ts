import { afterAll, describe, expect, test } from 'bun:test'
import { existsSync, writeFileSync } from 'node:fs'
import type { Framing } from '../../../src/backend/process/framing.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import type { OutputEvent } from '../../../src/protocol/output.ts'
import { newAttempt } from '../../support/attempt.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { verifies } from '../../support/verifies.ts'
import { perform, sh } from './perform.ts'

const progress = (stage: string): OutputEvent => ({ type: 'progress', stage })
const artifact: OutputEvent = { type: 'artifact', name: 'report', content: { kind: 'inline', value: { pages: 2 } } }
const final = (value: unknown, ok = true): OutputEvent => ({ type: 'final', ok, content: { kind: 'inline', value } })

const FRAME: { readonly [F in Framing]: (text: string) => Buffer } = {
	ndjson_lines: (text) => Buffer.from(`${text}\n`),
	sse_events: (text) => Buffer.from(`event: x\nid: 1\n: comment\ndata: ${text}\n\n`),
	length_prefixed: (text) => Buffer.concat([lengthOf(Buffer.byteLength(text)), Buffer.from(text)]),
}

const dir = tempDir()
afterAll(() => dir[Symbol.dispose]())

/** A child that prints these bytes and exits with this code. */
function printing(mode: Framing, bytes: Buffer, code = 0): JsonObject {
	const file = `${dir.path}/${crypto.randomUUID()}`
	writeFileSync(file, bytes)
	return sh(`cat ${file}; exit ${code}`, { stream_mode: mode })
}

for (const mode of ['ndjson_lines', 'sse_events', 'length_prefixed'] as const)
	describe(mode, () => {
		const frames = (...events: (OutputEvent | string)[]): Buffer =>
			Buffer.concat(events.map((event) => FRAME[mode](typeof event === 'string' ? event : JSON.stringify(event))))

		test('events are emitted in order, the final is the result, and what is no event is counted', async () => {
			verifies('04.72')
			const attempt = newAttempt()
			const bytes = frames(progress('größe 1'), 'not json', artifact, '{"type":"weather"}', progress('2'), final({ a: 1 }))
			const completion = await perform(printing(mode, bytes), attempt)
			expect([attempt.emitted, attempt.down]).toEqual([[progress('größe 1'), progress('2')], [['report', artifact]]])
			expect(completion).toEqual({
				final: { value: { a: 1 }, ok: true },
				stats: { worker_kind: 'subprocess', adapter_data: { exit_code: 0, skipped_lines: 2 } },
			})
		})

		test('no final blocks the step and says so', async () => {
			verifies('04.72')
			const value = { raw: '', note: 'streaming mode: no Final event received', exit_success: true }
			expect((await perform(printing(mode, frames(progress('1'))))).final).toEqual({ value, ok: false })
			expect((await perform(printing(mode, frames(), 3))).final).toEqual({ value: { ...value, exit_success: false }, ok: false })
		})

		test('a final that passes counts only when the child exits well', async () => {
			expect((await perform(printing(mode, frames(final('done')), 1))).final).toEqual({ value: 'done', ok: false })
			expect((await perform(printing(mode, frames(final('done', false))))).final).toEqual({ value: 'done', ok: false })
		})

		test('the last of several finals counts', async () => {
			const completion = await perform(printing(mode, frames(final(1, false), progress('on'), final(2))))
			expect(completion.final).toEqual({ value: 2, ok: true })
		})

		test('many events in one go all arrive', async () => {
			const many = Array.from({ length: 5000 }, (_, i) => progress(String(i)))
			const attempt = newAttempt()
			await perform(printing(mode, frames(...many, final(null))), attempt)
			expect(attempt.emitted).toEqual(many)
		})
	})

test('a final in a file is named as the worker named it', async () => {
	const event = JSON.stringify({ type: 'final', ok: true, content: { kind: 'file_ref', path: '/tmp/x', mime: 'text/plain' } })
	const completion = await perform(printing('ndjson_lines', Buffer.from(event)))
	expect(completion.final).toEqual({ value: { file_ref: '/tmp/x', mime: 'text/plain', size_hint: null }, ok: true })
})

test('an event is emitted while the child goes on', async () => {
	verifies('06.28')
	const file = `${dir.path}/seen`
	const script = `echo '${JSON.stringify(progress('asked'))}'; until [ -e ${file} ]; do sleep 0.01; done; echo '${JSON.stringify(final('seen'))}'`
	const attempt = newAttempt({ emit: async () => writeFileSync(file, '') })
	expect((await perform(sh(script, { stream_mode: 'ndjson_lines' }), attempt)).final).toEqual({ value: 'seen', ok: true })
	expect(existsSync(file)).toBe(true)
})

test('an event that cannot be stored ends the child and fails the attempt', async () => {
	const attempt = newAttempt({ emit: async () => Promise.reject(new Error('storage is away')) })
	const endless = sh(`while :; do echo '${JSON.stringify(progress('1'))}'; sleep 0.01; done`, { stream_mode: 'ndjson_lines' })
	await expect(perform(endless, attempt)).rejects.toThrow('storage is away')
})

test('a content without its value is no event', async () => {
	const bytes = Buffer.from('{"type":"final","ok":true,"content":{"kind":"inline"}}\n')
	expect((await perform(printing('ndjson_lines', bytes))).stats?.adapter_data).toEqual({ exit_code: 0, skipped_lines: 1 })
})

test('a length of zero or beyond 16 MiB ends the stream, and the child is not held', async () => {
	const begin = FRAME.length_prefixed(JSON.stringify(final('kept')))
	const rest = Buffer.concat([FRAME.length_prefixed(JSON.stringify(final('dropped'))), Buffer.alloc(1_000_000)])
	const ended = printing('length_prefixed', Buffer.concat([begin, lengthOf(0), rest]))
	expect((await perform(ended)).final).toEqual({ value: 'kept', ok: true })
	const broken = await perform(printing('length_prefixed', Buffer.concat([begin, lengthOf(16 * 1024 * 1024 + 1), rest])))
	expect(broken.final).toEqual({ value: 'kept', ok: true })
	expect(broken.stats?.adapter_data).toEqual({ exit_code: 0, skipped_lines: 1 })
})

function lengthOf(bytes: number): Buffer {
	const prefix = Buffer.alloc(4)
	prefix.writeUInt32BE(bytes)
	return prefix
}
