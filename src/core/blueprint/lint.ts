import type { Blueprint } from '../../protocol/blueprint.ts'
import type { Diagnostic } from './diagnostic.ts'
import { isSuppressible } from './diagnostic-kind.ts'
import { lintAgents } from './lint/advice.ts'
import { lintAgentDefs } from './lint/agent.ts'
import { lintApprovals } from './lint/approval.ts'
import { lintBoundAgents } from './lint/bound-agent.ts'
import { lintBudgets } from './lint/budget.ts'
import { lintControls } from './lint/control.ts'
import { lintGates } from './lint/gate.ts'
import { lintProjectionPlacement } from './lint/projection.ts'
import { lintAudits, lintMetaRefs, lintOperatorRefs, lintSpawnerHints, lintStepRefs } from './lint/reference.ts'
import { lintTemplates } from './lint/template.ts'
import { lintVerdicts } from './lint/verdict.ts'
import { lintWriteTargets } from './lint/write-target.ts'
import { lintSetting } from './lint-setting.ts'
import { stepNames } from './step-names.ts'

/** What this server can do, as far as documents depend on it. */
export interface LintOptions {
	/** Agent kinds that have a backend. */
	readonly knownKinds: ReadonlySet<string>
	/** Ids of functions for `rust_fn` agents; absent means they are not checked. */
	readonly functions?: ReadonlySet<string> | undefined
	/** Ids of scripts for `lua` agents; absent means they are not checked. */
	readonly scripts?: ReadonlySet<string> | undefined
	/** Layers a spawner hint may name, where they differ from the built-in ones. */
	readonly layers?: ReadonlySet<string> | undefined
	/** True when steps without an agent go to a backend of last resort. */
	readonly hasDefaultBackend?: boolean | undefined
	/** True when the legacy worker binding is refused in every document. */
	readonly rejectLegacyBinding?: boolean | undefined
}

/**
 * All findings beyond the shape of a document. First what a compile checks, in the order of mlua-swarm 0.26.0 and with its
 * sentences, then advice. Only errors stop a launch; `firstCompileError` picks the one to tell.
 */
export function lintBlueprint(blueprint: Blueprint, options: LintOptions): Diagnostic[] {
	const dropped = new Set(blueprint.agents.filter(({ kind }) => !options.knownKinds.has(kind)).map(({ name }) => name))
	const unreported = blueprint.strategy.strict_kind ? new Set<string>() : dropped
	const found = [
		...lintBoundAgents(blueprint, options.rejectLegacyBinding ?? false),
		...lintSpawnerHints(blueprint, options.layers),
		...lintOperatorRefs(blueprint),
		...lintMetaRefs(blueprint),
		...lintAudits(blueprint),
		...lintAgentDefs(blueprint, options.knownKinds, options),
		...lintVerdicts(blueprint),
		...lintGates(blueprint),
		...(options.hasDefaultBackend ? [] : lintStepRefs(blueprint, unreported)),
		...stepNames(blueprint).diagnostics,
		...lintProjectionPlacement(blueprint),
		...lintAgents(blueprint),
		...lintControls(blueprint),
		...lintWriteTargets(blueprint),
		...lintBudgets(blueprint),
		...lintApprovals(blueprint),
		...lintTemplates(blueprint),
	]
	return found.filter((diagnostic) => !isAllowed(blueprint, diagnostic))
}

/** The error a launch is refused with: the first one in compile order. Its message is the sentence of mlua-swarm. */
export function firstCompileError(diagnostics: readonly Diagnostic[]): Diagnostic | undefined {
	return diagnostics.find(({ level }) => level === 'error')
}

/** Advice that the document itself turns off. Errors and what a compile always checks stay. */
function isAllowed(blueprint: Blueprint, { code, level, element }: Diagnostic): boolean {
	if (level === 'error' || !isSuppressible(code)) return false
	const agent = element?.type === 'Agent' ? blueprint.agents.find(({ name }) => name === element.name) : undefined
	return lintSetting(blueprint, agent, code) === 'allow'
}
