import { describe, expect, test } from 'bun:test'
import { verifies } from '../../support/verifies.ts'
import { hiveWorld } from './hive-world.ts'

const hostVerbs = '`spawn`, `request_spawn`, `kill`, `destroy`, `rebuild`, `list`, `pending`, `approve`, `deny`'
const agentVerbs = '`send`, `recv`, `status`, `operator_msg`'
const managerVerbs = `${agentVerbs}, \`request_spawn\`, \`kill\`, \`request_apply_commit\``

/** Each line with what its error begins with, after `invalid request: `. */
const onEach: readonly (readonly [line: string, error: string])[] = [
	['nonsense', ''],
	['{"cmd":"list"} trailing', ''],
	['{"cmd":"status"}{"cmd":"status"}', ''],
	['\uFEFF{"cmd":"status"}', ''],
	['\uFEFF', ''],
	['{"cmd":"status",}', ''],
	['null', 'expected an object'],
	['"list"', 'expected an object'],
	['7', 'expected an object'],
	['7.5', 'expected an object'],
	['["list"]', 'expected an object'],
	['["status",{}]', 'expected an object'],
	['{}', 'missing field `cmd`'],
	['{"name":"alice"}', 'missing field `cmd`'],
	['{"cmd":7}', 'invalid type: integer `7`, expected a string'],
	['{"cmd":null}', 'invalid type: null, expected a string'],
	['{"cmd":["list"]}', 'invalid type: sequence, expected a string'],
	['{"cmd":"status","x":"\\ud83d"}', 'lone surrogate'],
	['{"cmd":"status","\\udc1d":1}', 'lone surrogate'],
	[`${'['.repeat(200_000)}`, ''],
]

const onHost: readonly (readonly [line: string, error: string])[] = [
	['{"cmd":"Spawn","name":"a"}', `unknown variant \`Spawn\`, expected one of ${hostVerbs}`],
	['{"cmd":"send","to":"bob","body":"x"}', `unknown variant \`send\`, expected one of ${hostVerbs}`],
	['{"cmd":"toString"}', 'unknown variant `toString`'],
	['{"cmd":"__proto__"}', 'unknown variant `__proto__`'],
	['{"cmd":"spawn"}', 'missing field `name`'],
	['{"cmd":"spawn","name":null}', 'invalid type: null, expected a string'],
	['{"cmd":"spawn","name":7}', 'invalid type: integer `7`, expected a string'],
	['{"cmd":"spawn","name":{"a":1}}', 'invalid type: map, expected a string'],
	['{"cmd":"destroy","name":"alice","purge":"yes"}', 'invalid type: string "yes", expected a boolean'],
	['{"cmd":"approve"}', 'missing field `id`'],
	['{"cmd":"approve","id":"7"}', 'invalid type: string "7", expected i64'],
	['{"cmd":"approve","id":7.0}', 'invalid type: floating point `7.0`, expected i64'],
	['{"cmd":"approve","id":7.5}', 'invalid type: floating point `7.5`, expected i64'],
	['{"cmd":"deny","id":1e2}', 'invalid type: floating point `1e2`, expected i64'],
	['{"cmd":"deny","id":null}', 'invalid type: null, expected i64'],
	['{"cmd":"deny","id":true}', 'invalid type: boolean `true`, expected i64'],
	['{"cmd":"deny","id":9223372036854775808}', 'invalid value: integer `9223372036854775808`, expected i64'],
	['{"cmd":"deny","id":-9223372036854775809}', 'invalid value: integer `-9223372036854775809`, expected i64'],
	[`{"cmd":"deny","id":1${'0'.repeat(100_000)}}`, 'invalid value: integer `1000'],
	['{"cmd":"deny","id":1,"note":3}', 'invalid type: integer `3`, expected a string'],
]

const onAgent: readonly (readonly [line: string, error: string])[] = [
	['{"cmd":"approve","id":1}', `unknown variant \`approve\`, expected one of ${agentVerbs}`],
	['{"cmd":"kill","name":"bob"}', `unknown variant \`kill\`, expected one of ${agentVerbs}`],
	['{"cmd":"list"}', `unknown variant \`list\`, expected one of ${agentVerbs}`],
	['{"cmd":"send","body":"x"}', 'missing field `to`'],
	['{"cmd":"send","to":"bob"}', 'missing field `body`'],
	['{"cmd":"send","to":"bob","body":null}', 'invalid type: null, expected a string'],
	['{"cmd":"send","to":"bob","body":"\\ud83d"}', 'lone surrogate'],
	['{"cmd":"recv","wait_seconds":181}', 'invalid value: integer `181`, expected a whole number from 0 to 180'],
	['{"cmd":"recv","wait_seconds":-1}', 'invalid value: integer `-1`, expected a whole number from 0 to 180'],
	['{"cmd":"recv","wait_seconds":1.0}', 'invalid type: floating point `1.0`, expected a whole number from 0 to 180'],
]

const onManager: readonly (readonly [line: string, error: string])[] = [
	['{"cmd":"approve","id":1}', `unknown variant \`approve\`, expected one of ${managerVerbs}`],
	['{"cmd":"spawn","name":"carol"}', `unknown variant \`spawn\`, expected one of ${managerVerbs}`],
	['{"cmd":"request_apply_commit","agent":"alice"}', 'missing field `commit_ref`'],
]

describe('a bad line', () => {
	test('gets one error in the shape of its socket, the connection stays open, and nothing is changed', async () => {
		verifies('08.25', '08.26', '08.28')
		await using world = await hiveWorld()
		const sockets = [
			{ client: await world.host(), cases: [...onEach, ...onHost], good: '{"cmd":"pending"}', answer: '{"ok":true,"approvals":[]}' },
			{
				client: await world.agent('alice'),
				cases: [...onEach, ...onAgent],
				good: '{"cmd":"status"}',
				answer: '{"kind":"status","unread":0}',
			},
			{ client: await world.manager(), cases: [...onEach, ...onManager], good: '{"cmd":"status"}', answer: '{"kind":"status","unread":0}' },
		]
		for (const { client, cases, good, answer } of sockets)
			for (const [line, error] of cases) {
				await client.write(`${line}\n${good}\n`)
				const said = JSON.parse((await client.line()) ?? 'null') as { error?: string; message?: string }
				expect(said.error ?? said.message).toStartWith(`invalid request: ${error}`)
				expect(await client.line()).toBe(answer)
			}
		expect(world.script.calls).toEqual([])
		expect(world.rows()).toBe(0)
	})

	test('an id is any 64-bit integer, exactly', async () => {
		verifies('08.27')
		await using world = await hiveWorld()
		const host = await world.host()
		for (const id of ['9223372036854775807', '-9223372036854775808', '9007199254740993', '0']) {
			await host.write(`{"cmd":"approve","id":${id}}\n`)
			expect(await host.line()).toBe(`{"ok":false,"error":"no such approval ${id}"}`)
		}
	})

	test('the last of two equal keys counts', async () => {
		await using world = await hiveWorld()
		const host = await world.host()
		await host.write('{"cmd":"list","cmd":"kill","name":"bob","name":"alice"}\n')
		expect(await host.line()).toBe('{"ok":true}')
		expect(world.script.calls).toEqual(['kill alice'])
	})

	test('what nobody foresaw is told without its details', async () => {
		await using world = await hiveWorld()
		world.script.host.list = async () => {
			throw new Error('secret detail')
		}
		const host = await world.host()
		expect(await host.ask({ cmd: 'list' })).toEqual({ ok: false, error: 'The server hit an unexpected error.' })
	})
})
