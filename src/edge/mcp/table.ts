import { approvalTools } from './tool/approval.ts'
import { eventTools } from './tool/event.ts'
import { runTools } from './tool/run.ts'
import type { Tool } from './tool.ts'

/** Every tool, in the order in which clients list them. */
export const toolTable: readonly Tool[] = [...runTools, ...eventTools, ...approvalTools]
