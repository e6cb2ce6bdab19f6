import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import type { Clock } from '../../kernel/clock.ts'
import { MseError } from '../../kernel/error.ts'
import { randomHex } from '../../kernel/hash.ts'
import { type McpServer, newMcpServer } from './server.ts'

export interface McpSessionsOptions {
	/** Of the server itself, through which the tools work; undefined before it listens. */
	baseUrl(): string | undefined
	/** Whoever comes here has shown it. */
	readonly adminToken: string | null
	readonly bodyBytes: number
	readonly clock: Clock
}

/** A client that says nothing for so long has gone. */
const IDLE_MS = 6 * 60 * 60 * 1000
/** One that was quiet for so long may have to make room. */
const QUIET_MS = 10 * 60 * 1000
const MOST_SESSIONS = 100

interface Session {
	readonly mcp: McpServer
	readonly transport: WebStandardStreamableHTTPServerTransport
	lastAt: number
	cancelIdle: () => void
}

/** MCP clients of the running server, over Streamable HTTP: one session each, which begins with `initialize`. */
export class McpSessions {
	readonly #options: McpSessionsOptions
	readonly #sessions = new Map<string, Session>()
	#stopped = false

	constructor(options: McpSessionsOptions) {
		this.#options = options
	}

	/** Answers a request to `/mcp`, whose caller was let in before. An unknown session is 404, after which clients begin a new one. */
	async handle(request: Request): Promise<Response> {
		const id = request.headers.get('mcp-session-id')
		if (id === null) return this.#begin(request)
		const session = this.#sessions.get(id)
		if (!session)
			throw new MseError('not_found', 'This MCP session is not known here any more.', {
				code: 'unknown_mcp_session',
				hint: 'Initialize a new one.',
			})
		this.#touch(id, session)
		return session.transport.handleRequest(request)
	}

	/** Ends all of them, and what they joined. */
	async close(): Promise<void> {
		this.#stopped = true
		await Promise.all([...this.#sessions.keys()].map((id) => this.#end(id)))
	}

	async #begin(request: Request): Promise<Response> {
		const { clock, bodyBytes } = this.#options
		this.#makeRoom()
		const mcp = newMcpServer({ link: this.#link(), clock, files: null })
		const transport = new WebStandardStreamableHTTPServerTransport({
			sessionIdGenerator: () => randomHex(16),
			maxRequestBodySize: bodyBytes,
			onsessioninitialized: (id) => {
				const session = { mcp, transport, lastAt: clock.now(), cancelIdle: () => {} }
				this.#sessions.set(id, session)
				this.#touch(id, session)
			},
			onsessionclosed: (id) => this.#end(id),
		})
		await mcp.server.connect(transport)
		const answer = await transport.handleRequest(request)
		if (transport.sessionId === undefined) await mcp.server.close()
		return answer
	}

	#link() {
		const { baseUrl, adminToken } = this.#options
		const url = baseUrl()
		if (url === undefined || this.#stopped) throw new MseError('unavailable', 'The server takes no MCP clients just now.')
		return { url, token: adminToken ?? undefined, mayRoam: false }
	}

	#makeRoom(): void {
		if (this.#sessions.size < MOST_SESSIONS) return
		const quietest = [...this.#sessions].sort(([, a], [, b]) => a.lastAt - b.lastAt)[0]
		if (quietest && this.#options.clock.now() - quietest[1].lastAt >= QUIET_MS) return void this.#end(quietest[0])
		throw new MseError('unavailable', `All ${MOST_SESSIONS} MCP sessions are in use.`, {
			code: 'too_many_mcp_sessions',
			details: { limit: MOST_SESSIONS },
		})
	}

	#touch(id: string, session: Session): void {
		const { clock } = this.#options
		session.cancelIdle()
		session.lastAt = clock.now()
		session.cancelIdle = clock.after(IDLE_MS, () => void this.#end(id))
	}

	async #end(id: string): Promise<void> {
		const session = this.#sessions.get(id)
		if (!session) return
		this.#sessions.delete(id)
		session.cancelIdle()
		await session.mcp.server.close()
		await session.mcp.close()
	}
}
