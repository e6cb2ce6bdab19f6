import { describe, expect, test } from 'bun:test'
import type { HiveApproval } from '../../../src/protocol/hive.ts'
import { verifies } from '../../support/verifies.ts'
import { hiveWorld } from './hive-world.ts'
import { decodeAsSeed } from './seed-decoder.ts'

const MIB = 2 ** 20
const list = '{"cmd":"list"}\n'
const listed = '{"ok":true,"agents":["alice","bob"]}'

describe('lines', () => {
	test('in one packet are answered in order', async () => {
		verifies('08.14', '08.24')
		await using world = await hiveWorld()
		const host = await world.host()
		await host.write(`${list}{"cmd":"kill","name":"x"}\nnonsense\n${list}`)
		expect(await host.line()).toBe(listed)
		expect(await host.line()).toBe('{"ok":false,"error":"no such agent"}')
		expect(await host.line()).toStartWith('{"ok":false,"error":"invalid request: ')
		expect(await host.line()).toBe(listed)
	})

	test('may come byte by byte, split within a character', async () => {
		verifies('08.15')
		await using world = await hiveWorld()
		const [alice, bob] = [await world.agent('alice'), await world.agent('bob')]
		const bytes = new TextEncoder().encode('{"cmd":"send","to":"bob","body":"a 🐝 b"}\n')
		for (const byte of bytes) {
			await alice.write(Uint8Array.of(byte))
			await new Promise((resolve) => setImmediate(resolve))
		}
		expect(await alice.line()).toBe('{"kind":"ok"}')
		expect(await bob.ask({ cmd: 'recv' })).toEqual({ kind: 'message', from: 'alice', body: 'a 🐝 b' })
	})

	test('may end in CR LF, and blank ones get no response', async () => {
		verifies('08.16', '08.17')
		await using world = await hiveWorld()
		const host = await world.host()
		await host.write(`\n  \t \n\r\n{"cmd":"list"}\r\n\n{"cmd":"pending"}\r\n   \n`)
		expect(await host.line()).toBe(listed)
		expect(await host.line()).toBe('{"ok":true,"approvals":[]}')
		await host.write(list)
		expect(await host.line()).toBe(listed)
		expect(host.waiting).toBe(0)
	})

	test('that were read are answered after the client ended its side, and then the connection ends', async () => {
		verifies('08.18', '08.19')
		await using world = await hiveWorld()
		const alice = await world.agent('alice')
		await alice.write('{"cmd":"send","to":"bob","body":"1"}\n{"cmd":"send","to":"bob","body":"2"}\n{"cmd":"status"}')
		alice.halfClose()
		expect(await alice.line()).toBe('{"kind":"ok"}')
		expect(await alice.line()).toBe('{"kind":"ok"}')
		expect(await alice.line()).toBe('{"kind":"status","unread":0}')
		expect(await alice.line()).toBeNull()
	})

	test('a client that ends its side while it waits for a message still gets it', async () => {
		await using world = await hiveWorld()
		const [alice, bob] = [await world.agent('alice'), await world.agent('bob')]
		await bob.write('{"cmd":"recv","wait_seconds":60}\n')
		bob.halfClose()
		await alice.ask({ cmd: 'send', to: 'bob', body: 'late' })
		expect(await bob.line()).toBe('{"kind":"message","from":"alice","body":"late"}')
		expect(await bob.line()).toBeNull()
	})

	test('over the limit get one error and the end, whether or not the line ever ends; others go on', async () => {
		verifies('08.20')
		await using world = await hiveWorld()
		const other = await world.host()
		const sentence = 'invalid request: the line is longer than 1048576 bytes (hive.max_line_bytes)'
		for (const end of ['', '\n']) {
			const host = await world.host()
			await host.write(`${'x'.repeat(MIB + 1)}${end}`)
			expect(await host.line()).toBe(JSON.stringify({ ok: false, error: sentence }))
			expect(await host.line()).toBeNull()
		}
		const alice = await world.agent('alice')
		const text = JSON.stringify({ cmd: 'status', pad: '' })
		await alice.write(`${text.replace('""', `"${'x'.repeat(MIB - text.length)}"`)}\n`)
		expect(await alice.line()).toBe('{"kind":"status","unread":0}')
		await alice.write(`${'x'.repeat(3 * MIB)}\n{"cmd":"status"}\n`)
		expect(await alice.line()).toBe(JSON.stringify({ kind: 'err', message: sentence }))
		expect(await alice.line()).toBeNull()
		await other.write(list)
		expect(await other.line()).toBe(listed)
	})

	test('that are not UTF-8 get an error and the end; a byte order mark gets an error alone', async () => {
		verifies('08.21')
		await using world = await hiveWorld()
		const host = await world.host()
		await host.write(`\uFEFF${list}`)
		expect(await host.line()).toStartWith('{"ok":false,"error":"invalid request: ')
		await host.write(list)
		expect(await host.line()).toBe(listed)
		await host.write(Uint8Array.of(0x7b, 0xff, 0xfe, 0x0a))
		expect(await host.line()).toBe('{"ok":false,"error":"invalid request: the line is not UTF-8"}')
		expect(await host.line()).toBeNull()
	})
})

describe('responses', () => {
	test('of many megabytes reach a reader that takes its time, and the next request waits for that', async () => {
		verifies('08.22')
		await using world = await hiveWorld()
		const row: HiveApproval = {
			id: 1,
			agent: 'a',
			kind: 'spawn',
			commit_ref: '',
			requested_at: 1,
			status: 'pending',
			note: 'n'.repeat(1000),
		}
		world.script.host.pending = async () => Array.from({ length: 8000 }, (_, id) => ({ ...row, id }))
		const host = await world.host()
		host.pause()
		await host.write(`{"cmd":"pending"}\n{"cmd":"spawn","name":"carol"}\n`)
		const other = await world.host()
		await other.ask({ cmd: 'list' })
		expect(world.script.calls).toEqual([])
		host.resume()
		const line = (await host.line()) ?? ''
		expect(line.length).toBeGreaterThan(8_000_000)
		expect((JSON.parse(line) as { approvals: HiveApproval[] }).approvals.map(({ id }) => id)).toEqual(
			Array.from({ length: 8000 }, (_, id) => id),
		)
		expect(await host.line()).toBe('{"ok":true}')
	})

	test('of 200 connections with 50 requests each find who asked, in order', async () => {
		verifies('08.23')
		await using world = await hiveWorld({ agents: ['alice'] })
		const asked = Array.from({ length: 50 }, (_, n) => n)
		const clients = await Promise.all(Array.from({ length: 200 }, () => world.host()))
		await Promise.all(
			clients.map(async (host, client) => {
				await host.write(asked.map((n) => `{"cmd":"kill","name":"alice"}\n{"cmd":"approve","id":${client * 100 + n}}\n`).join(''))
				for (const n of asked) {
					expect(await host.line()).toBe('{"ok":true}')
					expect(await host.line()).toBe(`{"ok":false,"error":"no such approval ${client * 100 + n}"}`)
				}
				expect(host.waiting).toBe(0)
			}),
		)
	})

	test('of 5000 requests in one go are all there', async () => {
		await using world = await hiveWorld()
		const alice = await world.agent('alice')
		await alice.write('{"cmd":"status"}\n'.repeat(5000))
		alice.halfClose()
		for (let n = 0; n < 5000; n++) expect(await alice.line()).toBe('{"kind":"status","unread":0}')
		expect(await alice.line()).toBeNull()
	})

	test('are read by every test here as the original types read them', () => {
		verifies('08.13')
		expect(() => decodeAsSeed('host', '{"ok":true,"agents":null}')).toThrow('cannot read')
		expect(() => decodeAsSeed('host', '{"agents":[],"ok":true}')).toThrow('cannot read')
		expect(() => decodeAsSeed('host', '{"ok":false}')).toThrow('contradict')
		expect(() => decodeAsSeed('agent', '{"kind":"message","from":"system","body":"{}"}')).toThrow('cannot read the event')
		const other = '{"ok":true,"approvals":[{"id":1,"agent":"a","kind":"custom","commit_ref":"","requested_at":1,"status":"pending"}]}'
		expect(() => decodeAsSeed('host', other)).toThrow('cannot read')
	})
})
