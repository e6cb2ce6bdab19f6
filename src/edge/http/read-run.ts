import { launchDegradations } from '../../core/run/bindings.ts'
import type { RunService } from '../../core/run/launch/request.ts'
import { isTerminal, type Run } from '../../core/run/record.ts'
import type { RunStore } from '../../core/run/store.ts'
import type { RunId } from '../../kernel/id.ts'
import type { OpenApproval, RunRecord } from '../../protocol/run.ts'
import { toRunRecord } from './wire/run.ts'

interface ReadDeps {
	readonly runs: RunStore
	readonly service: RunService
	/** The approvals that a run waits for; without it none are shown. */
	readonly approvalsOf?: (runId: RunId) => Promise<readonly OpenApproval[]>
}

/** A run as it is shown, with its steps, what it waits for and all that it had to do without. */
export async function readRun({ runs, service, approvalsOf }: ReadDeps, run: Run): Promise<RunRecord> {
	const asked = isTerminal(run.status) ? undefined : approvalsOf?.(run.id)
	const [steps, reported, digestOf, approvals = []] = await Promise.all([
		...([runs.steps(run.id), runs.degradations(run.id), service.digestsOf(run), asked] as const),
	])
	return toRunRecord({
		run,
		phase: service.phaseOf(run),
		steps,
		degradations: [...launchDegradations(run), ...reported],
		digestOf,
		approvals,
	})
}
