import { messageOf } from '../../../kernel/error.ts'
import type { Plan } from '../../dispatch/plan.ts'
import { Stop } from '../../dispatch/stop.ts'
import { AgentContexts } from '../drive/agent-contexts.ts'
import { Audits } from '../drive/audits.ts'
import type { DriverDeps } from '../drive/driver-deps.ts'
import { isCode } from '../drive/give-up.ts'
import { Journal } from '../journal.ts'
import { OpenSteps } from '../open-steps.ts'
import { PauseGate } from '../pause-gate.ts'
import type { Run } from '../record.ts'
import { Standing } from '../standing.ts'
import type { RecordedJournal } from '../store.ts'
import { WorkTimer } from '../ttl.ts'

/** Goes on with the audits of a run that has ended itself. */
export function resumeAudits(deps: DriverDeps, run: Run, plan: Plan, recorded: RecordedJournal): Audits {
	const detach = (error: unknown): void =>
		audits.stop(new Stop('detached', `The journal could not be written: ${messageOf(error)}`, 'storage_unavailable'))
	const lostStorage = (error: unknown): boolean => {
		const isLost = isCode(error, 'storage_unavailable')
		if (isLost) detach(error)
		return isLost
	}
	const journal = new Journal({
		store: deps.runs,
		run,
		recorded,
		ttlUsedMs: () => 0,
		onFault: detach,
	})
	const timer = new WorkTimer({ clock: deps.clock, limitMs: undefined, usedMs: 0, onExpired() {} })
	const own = { journal, timer, gate: new PauseGate(), open: new OpenSteps(), standing: new Standing(() => {}), budget: undefined }
	const attempts = { ...deps, run, ...own, attempts: recorded.attempts, lostStorage, interrupt() {} }
	const audits = new Audits(attempts, plan, new AgentContexts({ run, journal, plan }))
	audits.resume(recorded.steps)
	return audits
}
