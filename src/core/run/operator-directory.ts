import type { SessionId } from '../../kernel/id.ts'

/** What a launch asks about operators. */
export interface OperatorDirectory {
	/** The live session whose sid or role is that name. */
	find(name: string): Promise<SessionId | null>
	/** Whether any session lives, connected or not. */
	anyLive(): Promise<boolean>
}
