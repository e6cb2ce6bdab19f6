import { applyPatch } from '../../core/enhance/apply-patch.ts'
import { decideCommit } from '../../core/enhance/decide.ts'
import { type CompileProblems, verifyAxis } from '../../core/enhance/verify.ts'
import type { FaultPoint } from '../../kernel/fault.ts'
import type { Json } from '../../kernel/json.ts'
import type { FunctionDef } from './function.ts'

/** The steps of an enhance run that are functions, by the `fn_id` they have in mlua-swarm 0.1.0. */
export function enhanceFunctions(problemsOf: CompileProblems, fault: FaultPoint): ReadonlyMap<string, FunctionDef> {
	return new Map([
		['patch-applier', step(applyPatch, () => fault('issue.patch_applied'))],
		[
			'verifier-router',
			step(
				(ctx) => verifyAxis(ctx, problemsOf),
				() => fault('issue.verified'),
			),
		],
		['committer', step(decideCommit, () => fault('issue.decided'))],
	])
}

function step(work: (ctx: Json) => Json, done: () => void): FunctionDef {
	return {
		pure: true,
		run({ prompt }) {
			const value = work(prompt)
			done()
			return { value }
		},
	}
}
