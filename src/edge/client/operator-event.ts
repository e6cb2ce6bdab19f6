import type { OperatorCredential } from './operator-api.ts'

/** What happens to an operator's client, for whoever watches it. `step` names agent and step, `reqId` the request. */
export type OperatorEvent =
	/** A session of its own; keep the credential to come back to it. */
	| { readonly kind: 'joined'; readonly session: OperatorCredential }
	| { readonly kind: 'connected'; readonly sid: string }
	| { readonly kind: 'disconnected'; readonly reason: string; readonly retryInMs: number }
	/** The session ended on the server's side. */
	| { readonly kind: 'session_gone'; readonly sid: string }
	/** Another socket took the session over: this client ends. */
	| { readonly kind: 'replaced' }
	| { readonly kind: 'going_away' }
	| ({ readonly kind: 'started' } & StepEvent)
	/** The reply is decided; `outcome` says how. */
	| ({ readonly kind: 'ended'; readonly outcome: 'done' | 'blocked' | 'halted' | 'failed'; readonly message?: string } & StepEvent)
	/** The step no longer wants a result: cancelled, given to somebody else, or ended. */
	| ({ readonly kind: 'withdrawn'; readonly message: string } & StepEvent)
	/** The server has the reply on disk. */
	| { readonly kind: 'receipted'; readonly reqId: string }
	/** The server could not use a reply. */
	| { readonly kind: 'refused'; readonly code: string; readonly message: string; readonly reqId?: string }
	/** A frame that this client does not know was left aside. */
	| { readonly kind: 'unreadable'; readonly text: string }

interface StepEvent {
	readonly reqId: string
	readonly taskId: string
	readonly agent: string
	readonly attempt: number
}
