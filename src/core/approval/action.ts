import type { Approval } from './approval.ts'
import type { OnResolved } from './store.ts'

/** What is done once an approval of a kind has all its grants. */
export interface ApprovalAction {
	/** Begun once for each claim. A throw fails the approval with its sentence; after the signal fired it is left for `reconcile`. */
	perform(approval: Approval, signal: AbortSignal): Promise<void>
	/** After a server died in between: whether it was done. When it was not, it is undone here as far as that takes anything. */
	reconcile(approval: Approval): Promise<'done' | 'undone'>
	/** Whatever has to be on disk together with the end, however it ended. */
	readonly onResolved?: OnResolved
}

/** Kinds that only let something else go on. */
export const nothingToDo: ApprovalAction = { perform: async () => {}, reconcile: async () => 'done' }
