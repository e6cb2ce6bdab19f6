export type Category = 'correctness' | 'contract' | 'suspicious' | 'style' | 'migration'

interface KindFacts {
	readonly category: Category
	/** The report of mlua-swarm's doctor it belongs to; absent for findings of the compiler. */
	readonly family?: string
	/** True when a document's `lints` may turn it off. */
	readonly suppressible?: true
}

const advice = (category: Category, family: string): KindFacts => ({ category, family, suppressible: true })

/** Every kind of finding beyond the shape of the document: those of mlua-swarm 0.26.0, then ours. */
const KINDS = {
	'bound-agent-resolution': { category: 'correctness' },
	'unknown-agent-kind': { category: 'correctness' },
	'invalid-agent-spec': { category: 'correctness' },
	'worker-binding-missing': { category: 'contract' },
	'unresolved-agent-ref': { category: 'correctness' },
	'duplicate-agent-name': { category: 'correctness' },
	'unresolved-operator-ref': { category: 'correctness' },
	'unresolved-meta-ref': { category: 'correctness' },
	'step-naming-collision': { category: 'correctness' },
	'invalid-projection-placement': { category: 'correctness' },
	'unresolved-audit-agent': { category: 'correctness' },
	'verdict-channel-mismatch': { category: 'contract' },
	'verdict-value-not-in-contract': { category: 'contract' },
	'verdict-value-unhandled': { category: 'suspicious', suppressible: true },
	'verdict-contract-never-read': advice('suspicious', 'VerdictContractLint'),
	'halted-at-missing': { category: 'correctness', suppressible: true },
	'agent-md-size': advice('style', 'AgentMdSize'),
	'tool-unknown-mcp-ref': advice('contract', 'ToolLint'),
	'output-contract-missing': advice('contract', 'OutputContractLint'),
	'binding-requirements-info': advice('contract', 'BindingLint'),
	'strict-binding-without-runners': advice('suspicious', 'BindingLint'),
	'legacy-worker-binding': advice('migration', 'WorkerBindingLint'),
	'binding-resolution-error': advice('correctness', 'BindingLint'),
	'skip-on-missing-for-skip-like-verdict-value': advice('suspicious', 'SkipOnLint'),
	'skip-on-declared-but-no-matching-verdict-value': advice('suspicious', 'SkipOnLint'),
	'skip-on-pattern-conflicts-with-halt-on': advice('suspicious', 'SkipOnLint'),
	'wrapper-only-drift': advice('contract', 'WrapperOnly'),
	'context-policy-strips-projection-roots': advice('suspicious', 'ContextPolicyLint'),
	'projection-root-seed-missing': advice('contract', 'ContextPolicyLint'),
	'removed-spawner-hint': { category: 'migration' },
	'unknown-lint-kind': advice('suspicious', 'LintControl'),
	'non-suppressible-lint': advice('suspicious', 'LintControl'),
	'unknown-spawner-hint': advice('suspicious', 'SpawnerHintLint'),
	'write-target-not-path': { category: 'correctness', suppressible: true },
	'invalid-approval-form': { category: 'correctness' },
	'template-syntax-error': { category: 'correctness', suppressible: true },
	'template-variable-missing': { category: 'correctness', suppressible: true },
	'effort-unknown': { category: 'suspicious', suppressible: true },
	'budget-unobservable': { category: 'suspicious', suppressible: true },
} satisfies Record<string, KindFacts>

export type LintKind = keyof typeof KINDS

export const lintKinds: readonly string[] = Object.keys(KINDS)
export const categories: readonly Category[] = ['correctness', 'contract', 'suspicious', 'style', 'migration']

export const categoryOf = (kind: string): Category | undefined => factsOf(kind)?.category
export const familyOf = (kind: string): string | undefined => factsOf(kind)?.family
export const isSuppressible = (kind: string): boolean => factsOf(kind)?.suppressible === true

function factsOf(kind: string): KindFacts | undefined {
	const facts: Readonly<Record<string, KindFacts>> = KINDS
	return Object.hasOwn(facts, kind) ? facts[kind] : undefined
}
