import type { ComponentType } from 'react'
import { ApprovalCount, ApprovalsPage } from './page/approval/approvals.tsx'
import { BlueprintsPage } from './page/blueprint/blueprints.tsx'
import { HiveCount, HivePage } from './page/hive/hive.tsx'
import { IssuesPage } from './page/issue/issues.tsx'
import { OperatorsPage, VacantCount } from './page/operator/operators.tsx'
import { WaitingPage } from './page/operator/waiting.tsx'
import { RunCount, RunsPage } from './page/run/runs.tsx'
import { PausedMark, ServerPage } from './page/server/server.tsx'
import { WebhooksPage } from './page/server/webhooks.tsx'
import { WorkersPage } from './page/worker/workers.tsx'
import type { Route } from './view/address.ts'

/**
 * A page of the console. To add one: write `page/<noun>/<noun>s.tsx` with a component that takes `{route}` (`route.rest[0]` is the id of the
 * one thing to show, `route.query` holds filters, so that addresses survive a reload), and give it a line in `pages`. In it:
 *
 * - `useQuery(key, (client) => client.answer(client.v1.….get()), touches)` reads, and reads anew when an event comes for which
 *   `touches` is true; `<Shown query={query}>` shows what it found, or why not. Nothing polls.
 * - `useAction((client, argument) => …)` changes something; show its `error` with `<Failure>`.
 * - parts (`part/`) draw, with the classes of `style/`; what needs thought (grouping, layout, wording) is a pure function in `view/`,
 *   with a test in `test/edge/console`.
 * - text of others goes into JSX or `<Json>` and nowhere else: it is shown, never interpreted.
 */
export interface Page {
	/** The first part of its address: `#/<noun>`. */
	readonly noun: string
	readonly title: string
	/** Pages of a group stand together, in the order of the table. */
	readonly group: 'Work' | 'Parts' | 'Server'
	readonly Page: ComponentType<{ readonly route: Route }>
	/** Stands beside the title in the navigation; shows nothing when there is nothing to see. */
	readonly Count?: ComponentType
}

/** In the order in which they are shown; the first is where the console begins. */
export const pages: readonly Page[] = [
	{ noun: 'runs', title: 'Runs', group: 'Work', Page: RunsPage, Count: RunCount },
	{ noun: 'waiting', title: 'Waiting', group: 'Work', Page: WaitingPage },
	{ noun: 'approvals', title: 'Approvals', group: 'Work', Page: ApprovalsPage, Count: ApprovalCount },
	{ noun: 'blueprints', title: 'Blueprints', group: 'Parts', Page: BlueprintsPage },
	{ noun: 'operators', title: 'Operators', group: 'Parts', Page: OperatorsPage, Count: VacantCount },
	{ noun: 'workers', title: 'Workers', group: 'Parts', Page: WorkersPage },
	{ noun: 'hive', title: 'Hive', group: 'Parts', Page: HivePage, Count: HiveCount },
	{ noun: 'issues', title: 'Issues', group: 'Parts', Page: IssuesPage },
	{ noun: 'webhooks', title: 'Webhooks', group: 'Server', Page: WebhooksPage },
	{ noun: 'server', title: 'Server', group: 'Server', Page: ServerPage, Count: PausedMark },
]
