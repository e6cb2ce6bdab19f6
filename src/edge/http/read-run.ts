import { launchDegradations } from '../../core/run/bindings.ts'
import type { Run } from '../../core/run/record.ts'
import type { RunService } from '../../core/run/request.ts'
import type { RunStore } from '../../core/run/store.ts'
import type { RunRecord } from '../../protocol/run.ts'
import { toRunRecord } from './wire/run.ts'

/** A run as it is shown, with its steps and all that it had to do without. */
export async function readRun({ runs, service }: { readonly runs: RunStore; readonly service: RunService }, run: Run): Promise<RunRecord> {
	const [steps, reported, digestOf] = await Promise.all([runs.steps(run.id), runs.degradations(run.id), service.digestsOf(run)])
	return toRunRecord({ run, phase: service.phaseOf(run), steps, degradations: [...launchDegradations(run), ...reported], digestOf })
}
