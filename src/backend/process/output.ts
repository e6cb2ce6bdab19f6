import type { Completion } from '../../core/dispatch/backend.ts'
import type { Exit } from './child.ts'

/** Makes a completion of what a child writes to stdout. */
export interface OutputReader {
	take(chunk: Uint8Array): void | Promise<void>
	/** Called once, when the child is gone and all it wrote was taken. */
	end(exit: Exit): Promise<Completion>
}
