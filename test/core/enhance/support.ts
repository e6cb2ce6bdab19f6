import { stringify } from 'yaml'
import { blueprintHash } from '../../../src/core/blueprint/normal-form.ts'
import { applyPatch } from '../../../src/core/enhance/apply-patch.ts'
import type { Json, JsonObject } from '../../../src/kernel/json.ts'
import { parsedBlueprint } from '../../support/parsed-blueprint.ts'

/** A Blueprint to improve: one agent with a prompt. */
export const target: JsonObject = {
	id: 'greeter',
	flow: { kind: 'step', ref: 'hello', in: { op: 'lit', value: 'hi' }, out: { op: 'path', at: '$.out' } },
	agents: [{ name: 'hello', kind: 'rust_fn', spec: { fn_id: 'echo' }, profile: { system_prompt: 'Say hello.' } }],
	metadata: { version_label: '0.3.1' },
}

export const targetHash = blueprintHash(parsedBlueprint(target))

export const patchOf = (...ops: readonly JsonObject[]): JsonObject => ({ ops, bump: 'minor', rationale: 'because' })

/** A change that passes every check. */
export const better = patchOf({ op: 'replace', path: '/agents/0/profile/system_prompt', value: 'Say hello twice.' })

/** The context of an enhance run after its spawner answered. */
export const ctxOf = (patch: Json, previous: Json = target): JsonObject => ({
	issue: { issue_id: 'h-1', blueprint_id: 'greeter', intent: 'be warmer' },
	prev_bp_yaml: stringify(previous),
	prev_hash: targetHash,
	epoch_id: { blueprint_id: 'greeter', start_version: targetHash, started_at_ms: 5 },
	verifiers: ['des'],
	patch,
})

/** What the applier makes of it. */
export const appliedOf = (patch: Json, previous: Json = target): JsonObject => applyPatch(ctxOf(patch, previous))
