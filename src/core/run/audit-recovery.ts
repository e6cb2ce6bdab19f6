import type { Plan } from '../dispatch/plan.ts'
import { Stop } from '../dispatch/stop.ts'
import { AgentContexts } from './agent-contexts.ts'
import { Audits } from './audits.ts'
import type { DriverDeps } from './driver.ts'
import { Journal } from './journal.ts'
import { OpenSteps } from './open-steps.ts'
import { PauseGate } from './pause-gate.ts'
import type { Run } from './record.ts'
import type { RecordedJournal } from './store.ts'
import { WorkTimer } from './ttl.ts'

/** Goes on with the audits of a run that has ended itself. */
export function resumeAudits(deps: DriverDeps, run: Run, plan: Plan, recorded: RecordedJournal): Audits {
	const journal = new Journal({
		store: deps.runs,
		run,
		recorded,
		ttlUsedMs: () => 0,
		onFault: (error) => audits.stop(new Stop('detached', `The journal could not be written: ${error}`, 'storage_unavailable')),
	})
	const timer = new WorkTimer({ clock: deps.clock, limitMs: undefined, usedMs: 0, onExpired() {} })
	const own = { journal, timer, gate: new PauseGate(), open: new OpenSteps() }
	const attempts = { ...deps, run, ...own, attempts: recorded.attempts, lostStorage: () => false, interrupt() {} }
	const audits = new Audits(attempts, plan, new AgentContexts({ run, journal, plan }))
	audits.resume(recorded.steps)
	return audits
}
