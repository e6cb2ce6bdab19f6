import { type Clock, systemClock } from '../../kernel/clock.ts'
import { MseError } from '../../kernel/error.ts'
import type { OperatorsCreateReq } from '../../protocol/operator.ts'
import { type OperatorCredential, operatorApi } from './operator-api.ts'
import { type ClosingOptions, OperatorClient } from './operator-client.ts'
import type { OperatorEvent } from './operator-event.ts'
import type { OperatorHandlers } from './operator-work.ts'

// This file is the package's `mse-server/client`: operators, and calls, which are also made where there is no more than a browser.
export { type ClientOptions, type MseClient, mseClient, pathId } from './client.ts'

export interface OperatorOptions extends OperatorHandlers {
	/** Where the server is, such as `http://127.0.0.1:7777`. */
	readonly url: string
	/** The admin token, for a server that asks for one at a join. */
	readonly token?: string
	/** What others see of this operator. */
	readonly desc?: string
	/** Names that only one session may hold; `operator_ref` of a Blueprint can be one of them. */
	readonly roles?: readonly string[]
	readonly scope?: { readonly blueprints: readonly string[] }
	readonly capabilityManifest?: OperatorsCreateReq['capability_manifest']
	/** Come back to this session instead of joining. */
	readonly session?: OperatorCredential
	/** Join anew when the session is gone. Default: yes, unless a session was given. */
	readonly rejoin?: boolean
	/** Steps at once (default 4); further ones wait in their order. */
	readonly concurrency?: number
	/** Called for everything that happens; must not throw. */
	readonly onEvent?: (event: OperatorEvent) => void
	/** Firing it closes the operator and ends what runs. */
	readonly signal?: AbortSignal
	readonly clock?: Clock
}

/** A connected operator. */
export interface Operator {
	/** The present one; a rejoin changes it. */
	readonly session: OperatorCredential
	/**
	 * `replaced`: another socket of the session took over. Rejects with the refusal when the operator cannot come back: the
	 * session it was given is gone (code `session_gone`), or the server refuses the join.
	 */
	readonly ended: Promise<'closed' | 'replaced'>
	/** Takes no new work and waits for what runs and its receipts; `abort` ends it. What was not done stays with the session. */
	close(options?: ClosingOptions): Promise<void>
}

const DEFAULT_CONCURRENCY = 4

/**
 * Connects an operator: joins, keeps a socket open for ever, has steps done and hands their results in. Resolves when the
 * first socket is open, however long the server is away; rejects when it refuses the join. A reply is repeated until the
 * server has it on disk, and no request is worked on twice at once.
 *
 * ```ts
 * const operator = await connectOperator({
 * 	url: 'http://127.0.0.1:7777',
 * 	desc: 'reviews with a model of my own',
 * 	roles: ['reviewer'],
 * 	concurrency: 2,
 * 	async onSpawn({ agent, prompt, system, signal }) {
 * 		const { text, refused } = await askMyModel({ system, prompt, signal })
 * 		if (refused) return { value: text, ok: false }
 * 		if (text === 'STOP') return { halt: { by: agent }, reason: 'the model asked to stop' }
 * 		return text
 * 	},
 * 	onAsk: ({ question }) => ({ verdict: 'reject', reason: `cannot judge ${JSON.stringify(question)}` }),
 * 	onHook: ({ when, agent }) => when === 'after' || agent !== 'deployer',
 * 	onEvent: (event) => console.error(event.kind),
 * })
 * process.once('SIGINT', () => operator.close({ leave: true }))
 * console.error(`operator ${operator.session.sid} ${await operator.ended}`)
 * ```
 */
export async function connectOperator(options: OperatorOptions): Promise<Operator> {
	options.signal?.throwIfAborted()
	const client = new OperatorClient(toDeps(options))
	const abort = (): void => void client.close({ abort: true })
	options.signal?.addEventListener('abort', abort, { once: true })
	client.ended.catch(() => {}).then(() => options.signal?.removeEventListener('abort', abort))
	await client.seated
	return {
		get session() {
			if (client.session) return client.session
			throw new MseError('unavailable', 'The operator has no session just now.', { code: 'session_gone' })
		},
		ended: client.ended,
		close: (closing) => client.close(closing),
	}
}

function toDeps(options: OperatorOptions): ConstructorParameters<typeof OperatorClient>[0] {
	const { session = null, rejoin = session === null, concurrency = DEFAULT_CONCURRENCY } = options
	const baseUrl = options.url.replace(/\/+$/, '')
	const api = operatorApi(baseUrl)
	return {
		api,
		baseUrl,
		session,
		concurrency: Math.max(1, Math.floor(concurrency)),
		clock: options.clock ?? systemClock,
		handlers: options,
		tell: (event) => options.onEvent?.(event),
		join: rejoin ? (signal) => api.join(toBody(options), options.token, signal) : null,
	}
}

function toBody({ desc, roles, scope, capabilityManifest }: OperatorOptions): OperatorsCreateReq {
	return {
		...(desc !== undefined && { desc }),
		...(roles !== undefined && { roles: [...roles] }),
		...(scope !== undefined && { scope: { blueprints: [...scope.blueprints] } }),
		...(capabilityManifest !== undefined && { capability_manifest: capabilityManifest }),
	}
}
