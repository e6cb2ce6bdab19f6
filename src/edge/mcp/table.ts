import { approvalTools } from './tool/approval.ts'
import { eventTools } from './tool/event.ts'
import { operatorTools } from './tool/operator.ts'
import { runTools } from './tool/run.ts'
import { seatTools } from './tool/seat.ts'
import { stepWorkerTools } from './tool/step-worker.ts'
import { swarmTools } from './tool/swarm.ts'
import type { Tool } from './tool.ts'

/** Every tool, in the order in which clients list them. */
export const toolTable: readonly Tool[] = [
	...swarmTools,
	...runTools,
	...eventTools,
	...approvalTools,
	...operatorTools,
	...stepWorkerTools,
	...seatTools,
]
