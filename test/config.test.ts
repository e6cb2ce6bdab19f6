import { describe, expect, test } from 'bun:test'
import { type ConfigSources, configFlags, loadConfig } from '../src/config.ts'
import { MseError } from '../src/kernel/error.ts'
import { departs, verifies } from './support/verifies.ts'

const FILE = '/home/ada/.mse/config.toml'

interface Given {
	readonly flags?: Readonly<Record<string, string | readonly string[]>>
	readonly env?: Readonly<Record<string, string>>
	readonly file?: string
}

function sources({ flags = {}, env = {}, file }: Given): ConfigSources {
	return {
		flags: new Map(Object.entries(flags).map(([name, value]) => [name, [value].flat()])),
		env: { HOME: '/home/ada', ...env },
		readFile: (path) => (path === FILE ? file : undefined),
	}
}

const load = (given: Given = {}) => loadConfig(sources(given))

function refusal(given: Given): string {
	try {
		load(given)
	} catch (thrown) {
		expect(thrown).toBeInstanceOf(MseError)
		expect(thrown).toMatchObject({ kind: 'invalid', code: 'config_invalid' })
		return (thrown as MseError).message
	}
	throw new Error('nothing was refused')
}

describe('sources', () => {
	test('without any, everything has its default and nothing can be changed', () => {
		const config = load()
		expect(config.bind).toEqual({ host: '127.0.0.1', port: 7777, text: '127.0.0.1:7777' })
		expect(config).toMatchObject({ dataDir: '/home/ada/.mse/data', ephemeral: false, adminToken: null, seedSamples: false })
		expect(config).toMatchObject({ workerTokenTtlSecs: 1800, operatorSessionSweepSecs: 300, syncTimeoutSecs: 3600, drainSecs: 10 })
		expect(config.operator).toEqual({ ackGraceSecs: 60, requestDeadlineSecs: 86_400 })
		expect(config.recovery).toEqual({ max: 3, resetAfterSecs: 300 })
		expect(config.limits.bodyBytes).toBe(8 * 1024 * 1024)
		expect(config.warnings).toEqual([])
		expect(Object.isFrozen(config) && Object.isFrozen(config.limits) && Object.isFrozen(config.bind)).toBe(true)
	})

	test('the command line beats the environment, that the file, that the default, key by key', () => {
		verifies('01.C12')
		const file = 'seed_blueprint_id = "file"\nsync_timeout_secs = 1\ndrain_secs = 1'
		const config = load({ flags: { 'seed-blueprint-id': 'flag' }, env: { MSE_SEED_BLUEPRINT_ID: 'env', MSE_SYNC_TIMEOUT_SECS: '2' }, file })
		expect(config).toMatchObject({ seedBlueprintId: 'flag', syncTimeoutSecs: 2, drainSecs: 1, checkPolicy: 'warn' })
	})

	test('a file that is not there is an empty one, and said so when it was asked for', () => {
		verifies('01.C15')
		expect(load().warnings).toEqual([])
		const config = load({ flags: { config: '/etc/mse.toml' } })
		expect(config.configFile).toBe('/etc/mse.toml')
		expect(config.warnings).toEqual(['The config file /etc/mse.toml does not exist; going on without it.'])
		expect(load({ env: { MSE_CONFIG: '~/other.toml' } }).configFile).toBe('/home/ada/other.toml')
	})

	test('a file sets bind, enable_enhance_flow and seed_blueprint_id', () => {
		verifies('01.C16')
		const config = load({ file: 'bind = "127.0.0.2:9000"\nenable_enhance_flow = true\nseed_blueprint_id = "first"' })
		expect(config.bind).toMatchObject({ host: '127.0.0.2', port: 9000 })
		expect(config).toMatchObject({ enableEnhanceFlow: true, seedBlueprintId: 'first' })
	})

	test('sections are tables of the file, and flat in flags and variables', () => {
		const file = '[limits]\nparts = 1\nchildren = 1\nloop_max = 1\n[operator]\nack_grace_secs = 5'
		const config = load({ file, env: { MSE_LIMITS_CHILDREN: '2' }, flags: { 'limits-loop-max': '3' } })
		expect(config.limits).toMatchObject({ parts: 1, children: 2, loopMax: 3 })
		expect(config.operator.ackGraceSecs).toBe(5)
	})

	test('llm is kept as it stands, and so are the profiles of the worker runtime', () => {
		const file = '[runtime]\nruntime_id = "r"\n[runtime.profiles.sh]\nargv = ["sh"]\n[llm.big]\nmodel = "m"'
		const config = load({ file, flags: { 'runtime-display-name': 'here' } })
		expect(config.runtime).toMatchObject({ runtimeId: 'r', displayName: 'here', defaultProfile: 'builtin:echo' })
		expect(config.runtime.profiles).toEqual({ sh: { argv: ['sh'] } })
		expect(load({ flags: { 'runtime-profiles': '{"sh":{"argv":["sh"]}}' } }).runtime.profiles).toEqual(config.runtime.profiles)
		expect(config.llm).toEqual({ big: { model: 'm' } })
	})

	test('a hive is on, off or as it comes; what agents run by default is kept as it stands', () => {
		expect(load().hive).toMatchObject({ enabled: 'auto', runDir: null, operatorMsg: 'allow', maxLineBytes: 1_048_576, defaults: {} })
		for (const enabled of [true, false, 'auto'] as const) {
			expect(load({ env: { MSE_HIVE_ENABLED: `${enabled}` } }).hive.enabled).toBe(enabled)
			expect(load({ file: `[hive]\nenabled = ${JSON.stringify(enabled)}` }).hive.enabled).toBe(enabled)
		}
		const file = '[hive]\nstop_grace_s = 3\nmount_allow = ["~/src"]\n[hive.defaults]\nargv = ["sh"]\n[hive.manager]\nautostart = true'
		const { hive } = load({ file })
		expect(hive).toMatchObject({ stopGraceS: 3, mountAllow: ['/home/ada/src'], defaults: { argv: ['sh'] }, manager: { autostart: true } })
		expect(refusal({ file: '[hive]\nenabled = "on"' })).toContain('expected auto, true or false')
		expect(refusal({ file: '[hive]\nadmin_groop = "x"' })).toContain('"hive.admin_group"')
	})

	test('lists of includes are joined, the command line first', () => {
		const config = load({ flags: { include: ['/a', '~/b'] }, file: 'blueprint_ref_includes = ["/c"]' })
		expect(config.blueprintRefIncludes).toEqual(['/a', '/home/ada/b', '/c'])
	})

	test('switches are on, off and true in every source', () => {
		expect(load({ flags: { ephemeral: 'true' } }).ephemeral).toBe(true)
		expect(load({ flags: { ephemeral: 'false' }, file: 'ephemeral = true' }).ephemeral).toBe(false)
		expect(load({ env: { MSE_EPHEMERAL: '1' } }).ephemeral).toBe(true)
	})

	test('an empty variable is unset and one that no key has is nobody’s business', () => {
		expect(load({ env: { MSE_BIND: '', MSE_HTTP: 'http://h', MSE_BNID: 'x', MSE_RUN_ID: 'R-1' } }).bind.port).toBe(7777)
	})

	test('without HOME the folder is beside the server', () => {
		const config = loadConfig({ flags: new Map(), env: {}, readFile: () => undefined })
		expect([config.configFile, config.dataDir]).toEqual(['.mse/config.toml', '.mse/data'])
	})
})

describe('refusals', () => {
	test.each(['localhost:7777', '127.0.0.1', '7777', '127.0.0.1:70000', '::1:80', '[127.0.0.1]:80', ''])(
		'%p is no address, not a reason to fall back',
		(bind) => {
			verifies('01.C13')
			expect(refusal({ flags: { bind } })).toContain(`--bind is "${bind}"; expected an IP address and a port`)
		},
	)

	test('an IPv6 address stands in brackets', () => {
		expect(load({ flags: { bind: '[::1]:80' } }).bind).toEqual({ host: '::1', port: 80, text: '[::1]:80' })
	})

	test('an unknown key of the file is named with the nearest', () => {
		verifies('01.C14')
		expect(refusal({ file: 'sync_timeout = 3' })).toBe(`There is no key "sync_timeout" for ${FILE}. The nearest is "sync_timeout_secs".`)
		expect(refusal({ file: '[limits]\nbody_byte = 3' })).toContain('"limits.body_byte"')
		expect(refusal({ file: '[limit]\nbody_bytes = 3' })).toContain('"limit"')
		expect(refusal({ file: 'limits = 3' })).toContain('expected a table, [limits]')
	})

	test('a file that is not TOML is refused with the place', () => {
		const sentence = refusal({ file: 'bind = ' })
		expect(sentence).toStartWith(`The config file ${FILE} is not TOML: `)
		expect(sentence).not.toContain('\n')
	})

	test('a bad value is named with its key, where it came from and what is expected', () => {
		expect(refusal({ env: { MSE_DRAIN_SECS: 'soon' } })).toBe('MSE_DRAIN_SECS is "soon"; expected a whole number of seconds, 0 or more.')
		expect(refusal({ file: 'drain_secs = "3"' })).toBe(`drain_secs in ${FILE} is "3"; expected a whole number of seconds, 0 or more.`)
		expect(refusal({ flags: { 'default-agent-kind': 'llm' } })).toContain('expected one of operator, agent_block, rust_fn, lua, subprocess')
		expect(refusal({ flags: { 'limits-body-bytes': '1024' } })).toContain('2097152 or more')
		expect(refusal({ env: { MSE_OPEN_JOIN: 'yes' } })).toContain('expected true or false')
	})

	test('a bad secret is not repeated', () => {
		expect(refusal({ flags: { 'token-secret': 'hunter2' } })).toBe('--token-secret is not usable; expected an even number of hex digits.')
	})

	test('a worker token that never lives is refused from the flag and the file', () => {
		verifies('01.C17')
		expect(refusal({ flags: { 'worker-token-ttl-secs': '0' } })).toContain('--worker-token-ttl-secs is "0"')
		expect(refusal({ file: 'worker_token_ttl_secs = 0' })).toContain('worker_token_ttl_secs')
	})

	test('an address that others reach needs an admin token', () => {
		expect(refusal({ flags: { bind: '0.0.0.0:7777' } })).toContain('0.0.0.0:7777, which others can reach')
		expect(refusal({ flags: { bind: '[::]:7777' } })).toContain('there is no admin token')
		expect(load({ flags: { bind: '0.0.0.0:7777' }, env: { MSE_ADMIN_TOKEN: 't' } }).adminToken).toBe('t')
		expect(load({ flags: { bind: '0.0.0.0:7777', 'admin-token-file': '/t' } }).adminTokenFile).toBe('/t')
	})
})

describe('keys of mlua-swarm', () => {
	test('a sweep of 0 seconds means off, and the command line wins', () => {
		verifies('01.C18')
		expect(load({ file: 'operator_session_sweep_secs = 0' }).operatorSessionSweepSecs).toBe(0)
		expect(load({ file: 'operator_session_sweep_secs = 0', flags: { 'operator-session-sweep-secs': '9' } }).operatorSessionSweepSecs).toBe(
			9,
		)
	})

	test('its store paths have no effect beside ephemeral, and one warning names them', () => {
		departs('01.C19', '06.12')
		const file = 'ephemeral = true\ngit_store_path = "/g"\ntask_store_path = "/t"\nstale_run_sweep_secs = 3'
		const config = load({ file, flags: { 'run-store-path': '/r' }, env: { MSE_OUTPUT_STORE_PATH: '/o' } })
		expect(config.ephemeral).toBe(true)
		expect(config.warnings).toEqual([
			'These settings have no effect here: git_store_path, output_store_path, task_store_path, run_store_path, stale_run_sweep_secs.',
		])
	})

	test('engine_max_hold_ms stays 50 unless it is given', () => {
		verifies('01.C20')
		expect(load().engineMaxHoldMs).toBe(50)
		expect(load({ flags: { 'engine-max-hold-ms': '7' } }).engineMaxHoldMs).toBe(7)
	})

	test('check_policy is silent, warn or strict, and warn by itself; strict embedding is off', () => {
		verifies('01.C21')
		expect(load()).toMatchObject({ checkPolicy: 'warn', blueprintStrictEmbed: false })
		for (const word of ['silent', 'warn', 'strict']) expect(load({ file: `check_policy = "${word}"` }).checkPolicy).toBe(word as 'warn')
		expect(refusal({ file: 'check_policy = "Strict"' })).toContain('expected one of silent, warn, strict')
	})
})

test('every flag has a name of its own', () => {
	const names = configFlags().map(({ name }) => name)
	expect(new Set(names).size).toBe(names.length)
	expect(names).toContain('limits-frame-bytes')
})

describe('variables of OpenTelemetry', () => {
	const OTEL = {
		...{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_EXPORTER_OTLP_HEADERS: 'a=b%20c, d=e=f', OTEL_SERVICE_NAME: 'swarm' },
		...{ OTEL_RESOURCE_ATTRIBUTES: 'team=core', OTEL_TRACES_SAMPLER_ARG: '0.25', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
	}

	test('work as such: they beat the file, and are beaten by variables and flags of our own', () => {
		const file = '[telemetry]\nendpoint = "http://file:1"\nservice_name = "file"\n[telemetry.headers]\nx = "y"\n'
		expect(load({ file }).telemetry).toMatchObject({ endpoint: 'http://file:1', serviceName: 'file', headers: { x: 'y' }, sampleShare: 1 })
		const { telemetry, warnings } = load({ file, env: OTEL })
		expect(telemetry).toEqual({
			...{ endpoint: 'http://collector:4318', tracesEndpoint: null, headers: { a: 'b c', d: 'e=f' }, protocol: 'http/json' },
			...{ serviceName: 'swarm', resourceAttributes: { team: 'core' }, sampleShare: 0.25 },
		})
		expect(warnings).toEqual([])
		const own = load({ env: { ...OTEL, MSE_TELEMETRY_ENDPOINT: 'http://own:1' }, flags: { 'telemetry-service-name': 'flag' } }).telemetry
		expect(own).toMatchObject({ endpoint: 'http://own:1', serviceName: 'flag' })
	})

	test('those for traces alone are stronger', () => {
		const env = { ...OTEL, OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x=y', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' }
		expect(load({ env }).telemetry).toMatchObject({ headers: { x: 'y' }, protocol: 'http/protobuf' })
	})

	test('with a value that is none for this server have no effect but a warning, which repeats no secret', () => {
		const env = {
			...OTEL,
			OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
			OTEL_EXPORTER_OTLP_HEADERS: 'hush',
			OTEL_EXPORTER_OTLP_ENDPOINT: 'collector',
		}
		const { telemetry, warnings } = load({ env })
		expect(telemetry).toMatchObject({ endpoint: null, protocol: 'http/protobuf', headers: {} })
		expect(warnings.toSorted()).toEqual([
			'OTEL_EXPORTER_OTLP_ENDPOINT is "collector" and has no effect; expected an http(s) URL.',
			'OTEL_EXPORTER_OTLP_HEADERS is not usable and has no effect; expected texts by name, such as name=value,name=value.',
			'OTEL_EXPORTER_OTLP_PROTOCOL is "grpc" and has no effect; expected one of http/protobuf, http/json.',
		])
		expect(refusal({ env: { MSE_TELEMETRY_ENDPOINT: 'collector' } })).toContain('expected an http(s) URL')
	})
})
