import { MseError } from '../../../kernel/error.ts'
import type { Json, JsonObject } from '../../../kernel/json.ts'
import type { Policy } from '../../../protocol/policy.ts'
import type { LintOptions } from '../../blueprint/lint.ts'
import { blueprintHash } from '../../blueprint/normal-form.ts'
import { parseBlueprint } from '../../blueprint/parse.ts'
import { type BlueprintReference, blueprintInvalid, findVersion, readDocument } from '../../blueprint/resolve.ts'
import type { BlueprintStore } from '../../blueprint/store.ts'
import type { Registry } from '../../dispatch/backend.ts'
import { compilePlan, type Plan } from '../../dispatch/plan.ts'

/** What a reference resolved to. */
export interface ResolvedBlueprint {
	readonly plan: Plan
	/** Hash of the commit, or null for an inline Blueprint. */
	readonly boundVersion: string | null
	/** The reference as it is kept with the task; an inline document is named by its hash. */
	readonly reference: JsonObject
	/** Queues the write that keeps an inline document under its hash; nothing for a stored one. */
	pin(): Promise<void>
}

/** Where the documents of runs are kept, by hash. */
export type Pins = Pick<BlueprintStore, 'pin' | 'readByHash'>

const KEPT_PLANS = 256

/** Compiled Blueprints by hash, the most recently used ones: a commit is parsed and compiled once. */
export class PlanCache {
	readonly #registry: Registry
	readonly #offered: LintOptions
	readonly #store: BlueprintStore | undefined
	readonly #pins: Pins | undefined
	readonly #policy: Policy
	readonly #plans = new Map<string, Plan>()

	/**
	 * Without a store only inline Blueprints run. `pins` keeps what runs use; the store itself does when left out. `policy` is
	 * what agents have of which the document says nothing.
	 */
	constructor(parts: { registry: Registry; offered: LintOptions; store: BlueprintStore | undefined; pins?: Pins; policy?: Policy }) {
		this.#registry = parts.registry
		this.#offered = parts.offered
		this.#store = parts.store
		this.#pins = parts.pins ?? parts.store
		this.#policy = parts.policy ?? {}
	}

	/** Refuses what cannot be found, parsed or compiled, with upstream's prefixes to the sentence. */
	async resolve(reference: BlueprintReference): Promise<ResolvedBlueprint> {
		if (reference.kind === 'inline') return this.#inline(reference.raw as Json)
		if (reference.kind === 'hash') return this.#pinned(reference.hash)
		const { hash, commit } = await prefixed('bp resolve: ', () => findVersion(this.#store, reference))
		const plan = this.#used(hash) ?? this.#compiled(hash, await prefixed('bp resolve: ', () => this.#document(hash)))
		const kept = { kind: 'id', id: reference.id, version: { ...reference.version } }
		return { plan, boundVersion: commit?.hash ?? null, reference: kept, pin: () => this.#pin(plan) }
	}

	/** The document is written again with the run, since what no run uses may be dropped meanwhile. */
	async #pinned(hash: string): Promise<ResolvedBlueprint> {
		const document = await prefixed('bp resolve: ', () => this.#document(hash))
		const plan = this.#used(hash) ?? this.#compiled(hash, document)
		const pin = async (): Promise<void> => void (await this.#pins?.pin(document, plan.blueprint))
		return { plan, boundVersion: null, reference: { kind: 'hash', hash }, pin }
	}

	/** The plan of a version that runs already use. */
	async planOf(hash: string): Promise<Plan> {
		return this.#used(hash) ?? this.#compiled(hash, await this.#document(hash))
	}

	/** A document that a run has pinned is there even where there is no store. */
	async #document(hash: string): Promise<Json> {
		return (await this.#pins?.readByHash(hash)) ?? readDocument(this.#store, hash)
	}

	/** What a store of somebody else's holds is kept for the runs that use it. */
	async #pin({ hash, blueprint }: Plan): Promise<void> {
		if (this.#pins !== this.#store) await this.#pins?.pin(await this.#document(hash), blueprint)
	}

	#inline(raw: Json): ResolvedBlueprint {
		const { blueprint, diagnostics } = parseBlueprint(raw)
		if (!blueprint) throw blueprintInvalid(diagnostics)
		const hash = blueprintHash(blueprint)
		const plan = this.#used(hash) ?? this.#keep(compileForLaunch(this.#registry, this.#offered, blueprint, hash, this.#policy))
		const pins = this.#pins
		return {
			plan,
			boundVersion: null,
			reference: { kind: 'inline', hash },
			pin: async () => {
				await pins?.pin(raw, blueprint)
			},
		}
	}

	/** A kept plan, which thereby is the most recently used one. */
	#used(hash: string): Plan | undefined {
		const known = this.#plans.get(hash)
		this.#plans.delete(hash)
		return known && this.#keep(known)
	}

	#compiled(hash: string, document: Json): Plan {
		const { blueprint, diagnostics } = parseBlueprint(document)
		if (!blueprint) throw blueprintInvalid(diagnostics)
		return this.#keep(compileForLaunch(this.#registry, this.#offered, blueprint, hash, this.#policy))
	}

	#keep(plan: Plan): Plan {
		this.#plans.set(plan.hash, plan)
		const [oldest] = this.#plans.keys()
		if (this.#plans.size > KEPT_PLANS && oldest !== undefined) this.#plans.delete(oldest)
		return plan
	}
}

function compileForLaunch(...args: Parameters<typeof compilePlan>): Plan {
	try {
		return compilePlan(...args)
	} catch (error) {
		throw withPrefix('run: launch: ', error)
	}
}

async function prefixed<T>(prefix: string, action: () => Promise<T>): Promise<T> {
	try {
		return await action()
	} catch (error) {
		throw withPrefix(prefix, error)
	}
}

function withPrefix(prefix: string, error: unknown): unknown {
	if (!(error instanceof MseError)) return error
	const { kind, code, hint, details } = error
	return new MseError(kind, prefix + error.message, { code, ...(hint !== undefined && { hint }), details, cause: error })
}
