import { type Key, key, optional } from './setting.ts'
import { telemetry } from './telemetry-key.ts'
import {
	autoOnOff,
	decimal,
	hex,
	oneOf,
	onOff,
	path,
	pathList,
	socketAddress,
	table,
	tables,
	text,
	textList,
	urlOrSelf,
	wholeNumber,
} from './value.ts'

const address = { host: '127.0.0.1', port: 7777, text: '127.0.0.1:7777' }

const top = {
	bind: key(socketAddress, address, 'address to listen on; port 0 takes a free one', { fallbackDoc: address.text }),
	dataDir: key(path, '~/.mse/data', 'folder of the database and of large values'),
	backupDir: key(path, '~/.mse/backup', 'folder that backups asked for over the API are written to'),
	ephemeral: key(onOff, false, 'keep everything in memory; nothing survives a stop'),
	addressFile: optional(path, 'file to write the base URL to once the server listens'),
	logLevel: key(oneOf('debug', 'info', 'warn', 'error'), 'info', 'least level that is logged to stderr'),
	logFormat: key(oneOf('json', 'text'), 'json', 'how log lines are written: for programs, or for people'),
	drainSecs: key(wholeNumber('seconds'), 10, 'time that open requests and attempts get at a stop'),

	adminToken: optional(text, 'bearer token that guards the API; needed on any address but loopback', { secret: true }),
	adminTokenFile: optional(path, 'file with the admin token; made with a fresh token when missing'),
	openJoin: key(onOff, false, 'let operators join without the admin token'),
	allowedHosts: key(textList, [], 'Host headers to answer besides our own addresses', { joined: true }),
	allowedOrigins: key(textList, [], 'Origin headers to answer besides our own', { joined: true }),
	tokenSecret: optional(hex, 'secret that signs capability tokens', { secret: true, fallbackDoc: 'random' }),
	workerTokenTtlSecs: key(wholeNumber('seconds', 1), 1800, 'life of the tokens that workers get'),
	operatorSessionSweepSecs: key(wholeNumber('seconds'), 300, 'pause between sweeps of expired operator sessions; 0 turns them off'),

	retentionSweepSecs: key(wholeNumber('seconds'), 3600, 'pause between rounds that drop old history; 0 keeps it for ever'),

	seedBlueprintId: key(text, 'main', 'id the identity Blueprint is stored under when it has no commit'),
	seedSamples: key(onOff, false, 'store the sample Blueprints when they have no commit'),
	blueprintRefBase: optional(path, 'folder that $file and $agent_md references start from'),
	blueprintRefIncludes: key(pathList, [], 'folders to search for references, in this order', { flag: 'include', joined: true }),
	blueprintStrictEmbed: key(onOff, false, 'refuse posted Blueprints that still have references'),
	defaultAgentKind: optional(oneOf('operator', 'agent_block', 'rust_fn', 'lua', 'subprocess'), 'kind of agents that state none', {
		fallbackDoc: 'operator',
	}),
	legacyWorkerBindingPolicy: key(oneOf('allow', 'reject'), 'allow', 'whether workers may be bound the old way'),
	checkPolicy: key(oneOf('silent', 'warn', 'strict'), 'warn', 'what becomes of an output that cannot be shown as a file'),

	childEnv: key(textList, [], 'variables of its own that child processes of steps get too, such as ANTHROPIC_API_KEY', { joined: true }),
	syncTimeoutSecs: key(wholeNumber('seconds', 1), 3600, 'longest a launch may wait for its run'),
	longHoldWarnMs: optional(wholeNumber('milliseconds', 1), 'warn about dispatches slower than this', { fallbackDoc: 'off' }),
	engineMaxHoldMs: key(wholeNumber('milliseconds', 1), 50, 'warn when one turn of the engine takes longer'),
	injectEndpointForWorker: key(onOff, false, 'tell in-process workers the base URL too'),
	dataSinkEndpoint: optional(urlOrSelf, 'where operators are told to put and get data; self is this server'),
	enableEnhanceFlow: key(onOff, false, 'turn on the loop that improves Blueprints from issues'),
}

const limits = {
	bodyBytes: key(wholeNumber('bytes', 2 ** 21), 2 ** 23, 'largest request body'),
	frameBytes: key(wholeNumber('bytes', 2 ** 24), 2 ** 24, 'largest WebSocket frame, and most that is queued for one socket'),
	ctxBytes: key(wholeNumber('bytes', 1), 2 ** 26, 'largest context of a run'),
	outputBytes: key(wholeNumber('bytes', 1), 2 ** 24, 'largest output of a step'),
	parts: key(wholeNumber('parts'), 256, 'most named parts of one output'),
	loopMax: key(wholeNumber('rounds', 1), 1_000_000, 'most rounds of one loop'),
	fanoutWidth: key(wholeNumber('lanes', 1), 10_000, 'most lanes of one fan-out'),
	fanoutConcurrency: key(wholeNumber('lanes', 1), 64, 'lanes of one fan-out that run at a time'),
	spawnDepth: key(wholeNumber('levels'), 4, 'how deep workers may start workers'),
	children: key(
		wholeNumber('processes', 1),
		64,
		'most child processes of steps, workers and agents at a time; further steps wait, workers and agents are refused',
	),
	requestsPerSession: key(wholeNumber('requests', 1), 10_000, 'most open requests to one operator'),
	subscribers: key(wholeNumber('subscribers', 1), 2000, 'most event streams at a time'),
	stallSecs: key(wholeNumber('seconds', 1), 60, 'longest a reader of a stream or socket may take nothing of what waits for it'),
	inboxFrames: key(wholeNumber('frames', 1), 1024, 'most frames of one WebSocket that wait to be handled'),
	framesPerSec: key(wholeNumber('frames', 1), 20_000, 'most frames a second of one WebSocket'),
	retainDays: key(wholeNumber('days', 1), 90, 'age after which ended runs, their outputs and events are dropped'),
	retainRows: key(wholeNumber('rows', 1), 10_000_000, 'most runs, most outputs and most events that are kept once they ended'),
}

const operator = {
	ackGraceSecs: key(wholeNumber('seconds'), 60, 'wait of a spawn with an output for its ack, while the operator is connected'),
	requestDeadlineSecs: key(wholeNumber('seconds', 1), 86_400, 'longest a request may stay unanswered'),
}

const recovery = {
	max: key(wholeNumber('deaths', 1), 3, 'deaths of the server during one attempt after which its run waits for resume'),
	resetAfterSecs: key(wholeNumber('seconds'), 300, 'work of an attempt after which deaths before it are forgotten; 0 counts them all'),
}

const enhance = {
	approval: key(onOff, false, 'let a verified change of a Blueprint wait for an approval'),
	maxAttempts: key(wholeNumber('runs', 1), 3, 'runs an issue gets when its Blueprint changes under each'),
	concurrency: key(wholeNumber('issues', 1), 8, 'issues worked on at a time, each about another Blueprint'),
}

const approvals = {
	maxPending: key(wholeNumber('approvals', 1), 10_000, 'most approvals that wait at a time'),
	approveWaitSecs: key(wholeNumber('seconds', 1), 120, 'how long an approve waits for what it began'),
	noSelfApproval: key(onOff, false, 'nobody may answer what they asked for themselves'),
	deadlineSecs: optional(wholeNumber('seconds', 1), 'time to answer in where a question names none', { fallbackDoc: 'none' }),
}

const gate = {
	blueprints: key(oneOf('off', 'approval'), 'off', 'whether commits of Blueprints wait for an approval'),
}

const lua = {
	timeoutMs: key(wholeNumber('milliseconds', 1), 60_000, 'longest a Lua script may run where no policy says it'),
	memoryBytes: key(wholeNumber('bytes', 2 ** 20), 2 ** 26, 'most memory of a Lua script'),
	processes: key(wholeNumber('processes', 1), 8, 'Lua scripts that run at a time'),
	warm: key(wholeNumber('processes'), 1, 'Lua processes kept ready once there was a script'),
}

const runtime = {
	runtimeId: key(text, 'runtime-mem-0000000000000001', 'name of the worker runtime', { flag: 'runtime-id' }),
	displayName: optional(text, 'how the worker runtime is called'),
	localToken: optional(text, 'bearer token of the worker runtime routes', { secret: true, fallbackDoc: 'the admin token' }),
	localTokenEnv: optional(text, 'environment variable that holds that token'),
	maxTranscriptProjectionItems: key(wholeNumber('lines', 1), 256, 'longest page of a transcript'),
	maxEventBatchItems: key(wholeNumber('events', 1), 256, 'longest page of events of the worker runtime'),
	defaultProfile: key(text, 'builtin:echo', 'profile of workers that ask for none'),
	keepObservations: key(wholeNumber('events', 1), 10_000, 'events of one worker that observers can read again'),
	profiles: key(tables, {}, 'what workers can be run by: a table for each name', { fallbackDoc: 'none' }),
}

const hive = {
	enabled: key(autoOnOff, 'auto', 'whether this server has a hive; auto goes without one where another hive owns the run directory'),
	runDir: optional(path, 'folder of the sockets', { fallbackDoc: '/run/hyperhive for root, else $XDG_RUNTIME_DIR/hyperhive' }),
	stateDir: optional(path, 'folder of what agents keep', { fallbackDoc: '/var/lib/hyperhive for root, else ~/.mse/hive' }),
	adminGroup: optional(text, 'group whose members may use the operator socket, by name or number', { fallbackDoc: 'this user alone' }),
	backend: key(oneOf('process', 'podman', 'docker', 'nspawn'), 'process', 'what agents run in unless their config says it'),
	sandbox: key(oneOf('none', 'bwrap'), 'none', 'what confines agents that are processes'),
	agentUidBase: optional(wholeNumber('uid', 1), 'first uid of agents, each of which gets one of its own; needs root'),
	stopGraceS: key(wholeNumber('seconds'), 10, 'time from TERM to KILL when an agent is stopped'),
	startGraceMs: key(wholeNumber('milliseconds'), 500, 'time an agent must live to count as started'),
	recvDefaultWaitS: key(wholeNumber('seconds'), 0, 'wait of a recv that names none'),
	maxLineBytes: key(wholeNumber('bytes', 1024), 2 ** 20, 'longest request on a socket'),
	maxBodyBytes: key(wholeNumber('bytes', 1), 2 ** 18, 'longest body of a message'),
	operatorMsg: key(oneOf('allow', 'deny'), 'allow', 'whether agents may post to themselves in the name of the operator'),
	helperEvents: key(oneOf('seed', 'extended'), 'seed', 'what the manager is told: resolved approvals, or crashes as well'),
	wireVersion: key(onOff, false, 'put the version of the wire into answers of the operator socket'),
	mountAllow: key(pathList, [], 'folders that configs of agents may mount'),
	defaults: key(table, {}, 'argv, env, cwd, backend, image, mounts, limits, ready and restart of agents without a config', {
		fallbackDoc: 'none',
	}),
	manager: key(table, {}, 'autostart and argv of the manager', { fallbackDoc: 'none' }),
}

const budget = {
	budgetWallMs: optional(wholeNumber('milliseconds', 1), 'time it may take'),
	budgetAttempts: optional(wholeNumber('attempts', 1), 'attempts it may make'),
	budgetTokens: optional(wholeNumber('tokens', 1), 'tokens its workers may report'),
	budgetCostUsd: optional(decimal('US dollars'), 'cost its workers may report'),
}

const policy = {
	timeoutMs: optional(wholeNumber('milliseconds', 1), 'longest one attempt may take'),
	retryMaxAttempts: optional(wholeNumber('attempts', 1), 'attempts at a step that fails; turns retries on'),
	retryBackoffMs: key(wholeNumber('milliseconds'), 1000, 'wait before the second attempt'),
	retryFactor: key(decimal('times', 1), 2, 'what the wait grows by'),
	retryMaxBackoffMs: key(wholeNumber('milliseconds'), 60_000, 'longest wait'),
	retryJitter: key(decimal('parts', 0, 1), 0.1, 'share of the wait that is left to chance'),
	onRestart: optional(oneOf('retry', 'fail'), 'what becomes of an attempt under which the server died', { fallbackDoc: 'retry' }),
	children: optional(wholeNumber('processes', 1), 'most child processes of one agent in one run at a time'),
	...budget,
}

const runPolicy = {
	timeoutMs: optional(wholeNumber('milliseconds', 1), 'longest a run may work'),
	children: optional(wholeNumber('processes', 1), 'most child processes of one run at a time'),
	...budget,
}

/** Every setting, by section of the file. The names are ours; `spellings` gives the outside ones. */
export const keyTable = {
	top,
	limits,
	operator,
	recovery,
	policy,
	runPolicy,
	approvals,
	gate,
	enhance,
	lua,
	runtime,
	hive,
	telemetry,
} as const

/** Sections whose keys their own parts of the server read; kept as they stand in the file. */
export const openSections = ['llm', 'webhook'] as const

/** Settings of mlua-swarm that mean nothing here: accepted from anywhere, named in one warning. */
export const retiredKeys: readonly string[] = [
	'git_store_path',
	'issue_store_path',
	'enhance_setting_store_path',
	'enhance_log_store_path',
	'output_store_path',
	'task_store_path',
	'run_store_path',
	'replay_store_path',
	'operator_session_store_path',
	'stale_run_sweep_secs',
]

export type SectionName = keyof typeof keyTable
export type AnyKey = Key<unknown, unknown>

/** How one key is written outside: `limits.body_bytes`, `--limits-body-bytes`, `MSE_LIMITS_BODY_BYTES`. */
export interface Spellings {
	readonly file: string
	readonly flag: string
	readonly env: string
}

export function spellings(section: SectionName, name: string, flag?: string): Spellings {
	const words = snake(name)
	const file = section === 'top' ? words : `${snake(section)}.${words}`
	const flat = file.replace('.', '_')
	return { file, flag: flag ?? flat.replaceAll('_', '-'), env: `MSE_${flat.toUpperCase()}` }
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Every key with its section and its name, in the order of the table. */
export function everyKey(): readonly { section: SectionName; name: string; key: AnyKey }[] {
	const sections = Object.keys(keyTable) as SectionName[]
	return sections.flatMap((section) => Object.entries<AnyKey>(keyTable[section]).map(([name, key]) => ({ section, name, key })))
}
