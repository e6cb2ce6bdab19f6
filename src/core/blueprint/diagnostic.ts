/** How bad a finding is. Only `error` stops a launch; registering reports all of them and stores anyway. */
export type DiagnosticLevel = 'error' | 'warn' | 'info'

/** One finding about a Blueprint. An author gets all of them at once. */
export interface Diagnostic {
	/** Stable word, e.g. `unresolved-agent-ref` (the kinds of mlua-swarm 0.26.0, plus ours). */
	readonly code: string
	readonly level: DiagnosticLevel
	/** JSON path into the document as sent, e.g. `$.flow.children[2].ref`. */
	readonly path: string
	/** What is wrong, as a sentence that names the thing. */
	readonly message: string
	/** How to mend it; null when the message already says so. */
	readonly hint: string | null
	/** What the finding is about, for the wire's span. */
	readonly element?: DiagnosticElement
}

export type DiagnosticElement =
	| { readonly type: 'Agent'; readonly name: string }
	| { readonly type: 'Step'; readonly name: string }
	| { readonly type: 'Operator' | 'Meta' | 'BlueprintRoot' }
