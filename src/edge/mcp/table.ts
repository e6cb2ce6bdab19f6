import { approvalTools } from './tool/approval.ts'
import { authoringTools } from './tool/authoring.ts'
import { blueprintTools } from './tool/blueprint.ts'
import { elicitTools } from './tool/elicit.ts'
import { eventTools } from './tool/event.ts'
import { hiveTools } from './tool/hive.ts'
import { issueTools } from './tool/issue.ts'
import { operatorTools } from './tool/operator.ts'
import { runTools } from './tool/run.ts'
import { seatTools } from './tool/seat.ts'
import { serverTools } from './tool/server.ts'
import { stepWorkerTools } from './tool/step-worker.ts'
import { swarmTools } from './tool/swarm.ts'
import { waitingTools } from './tool/waiting.ts'
import { workerTools } from './tool/worker.ts'
import type { Tool } from './tool.ts'

/** Every tool by group, in the order in which clients list them. A new one is an entry of its group's file. */
export const toolGroups = {
	'Launching runs': swarmTools,
	Runs: runTools,
	'What waits, and what happened': [...waitingTools, ...eventTools],
	Approvals: [...approvalTools, ...elicitTools],
	'Being an operator': operatorTools,
	'The work of a step': stepWorkerTools,
	'Seats of a run': seatTools,
	'Writing Blueprints': authoringTools,
	'Stored Blueprints': blueprintTools,
	'Agents of the hive': hiveTools,
	'Long-lived workers': workerTools,
	Issues: issueTools,
	'The server': serverTools,
} as const satisfies Readonly<Record<string, readonly Tool[]>>

export const toolTable: readonly Tool[] = Object.values(toolGroups).flat()
