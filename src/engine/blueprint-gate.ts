import type { ApprovalAction } from '../core/approval/action.ts'
import type { Approval } from '../core/approval/approval.ts'
import type { ApprovalGate } from '../core/approval/gate.ts'
import { documentPatch } from '../core/blueprint/document-patch.ts'
import { blueprintHash } from '../core/blueprint/normal-form.ts'
import { parseBlueprint } from '../core/blueprint/parse.ts'
import { blueprintInvalid } from '../core/blueprint/resolve.ts'
import type { BlueprintStore, NewCommit } from '../core/blueprint/store.ts'
import { checkBlueprintId, checkHead } from '../core/blueprint/store-rule.ts'
import type { Json } from '../kernel/json.ts'

/** A commit that was asked for. `approval` is null when the head has that version already. */
export interface Proposed {
	readonly version: string
	readonly approval: Approval | null
}

/** Asks for a commit instead of making it; throws as the store's `commit` does. */
export type ProposeCommit = (change: NewCommit) => Promise<Proposed>

interface Payload {
	readonly id: string
	readonly version: string
	readonly expected_head: string | null
	readonly author: string
	readonly message: string
	readonly document: Json
}

/** Commits of Blueprints that wait for an approval: the head it was made for has to be the head still when it is granted. */
export function blueprintGate(gate: ApprovalGate, blueprints: BlueprintStore): { propose: ProposeCommit; action: ApprovalAction } {
	return {
		propose: (change) => propose(gate, blueprints, change),
		action: {
			async perform({ payload }) {
				const { id, document, author, message, expected_head } = readPayload(payload)
				const { blueprint, diagnostics } = parseBlueprint(document)
				if (!blueprint) throw blueprintInvalid(diagnostics)
				await blueprints.commit({ id, document, blueprint, author, message, expectedHead: expected_head })
			},
			reconcile: async (approval) => ((await isCommitted(blueprints, approval)) ? 'done' : 'undone'),
		},
	}
}

async function propose(
	gate: ApprovalGate,
	blueprints: BlueprintStore,
	{ id, document, blueprint, author, message, expectedHead }: NewCommit,
): Promise<Proposed> {
	checkBlueprintId(id)
	const version = blueprintHash(blueprint)
	const head = await blueprints.head(id)
	const from = head?.commit.hash ?? null
	if (from === version) return { version, approval: null }
	checkHead(id, expectedHead, from)
	const payload = { id, version, expected_head: from, author, message, document }
	const approval = await gate.ask({
		kind: 'blueprint_commit',
		subject: { type: 'blueprint', id },
		requester: author,
		digest: version,
		payload,
		diff: documentPatch(head?.document ?? null, document) as unknown as Json,
	})
	return { version, approval }
}

/** The commit it asked for is in the history, made since it was claimed. */
async function isCommitted(blueprints: BlueprintStore, { payload, startedAt, requestedAt }: Approval): Promise<boolean> {
	const { id, version, expected_head } = readPayload(payload)
	const found = await blueprints.read(id, version)
	return found !== null && found.commit.parent === expected_head && found.commit.at >= (startedAt ?? requestedAt)
}

/** As `propose` made it. */
const readPayload = (payload: Json): Payload => payload as unknown as Payload
