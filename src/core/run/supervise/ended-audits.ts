import type { RunId } from '../../../kernel/id.ts'
import type { Plan } from '../../dispatch/plan.ts'
import type { Stop } from '../../dispatch/stop.ts'
import type { Audits } from '../drive/audits.ts'
import type { DriverDeps } from '../drive/driver-deps.ts'
import type { Run } from '../record.ts'
import { resumeAudits } from './audit-recovery.ts'

type Deps = DriverDeps & { planOf(hash: string): Promise<Plan> }

/** The audits of runs that have ended. */
export class EndedAudits {
	readonly #deps: Deps
	readonly #open = new Map<RunId, Audits>()

	constructor(deps: Deps) {
		this.#deps = deps
	}

	keep({ id }: Pick<Run, 'id'>, audits: Audits | undefined): void {
		if (!audits || audits.isIdle) return
		this.#open.set(id, audits)
		void audits.idle().then(() => this.#open.delete(id))
	}

	/** Takes up those that an earlier life of the server left. */
	async recover(): Promise<void> {
		for (const id of await this.#deps.runs.endedWithAudits()) await this.#resume(id)
	}

	/** Resolves when nothing is left of them here. */
	async stopOf(runId: RunId, stop: Stop): Promise<void> {
		const audits = this.#open.get(runId)
		audits?.stop(stop)
		await audits?.idle()
	}

	async stop(stop: Stop): Promise<void> {
		const all = [...this.#open.values()]
		for (const audits of all) audits.stop(stop)
		await Promise.all(all.map((audits) => audits.idle()))
	}

	async #resume(id: RunId): Promise<void> {
		try {
			const run = await this.#deps.runs.run(id)
			if (!run) return
			const plan = await this.#deps.planOf(run.blueprintHash)
			this.keep(run, resumeAudits(this.#deps, run, plan, await this.#deps.runs.journal(run.id, run.generation)))
		} catch (error) {
			this.#deps.log.error('the audits of an ended run could not be taken up again', { run_id: id, error })
		}
	}
}
