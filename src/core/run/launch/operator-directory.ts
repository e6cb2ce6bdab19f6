import type { SessionId } from '../../../kernel/id.ts'
import type { CapabilityManifest } from '../../../protocol/operator.ts'

/** What a launch asks about operators. */
export interface OperatorDirectory {
	/** The live session whose sid or role is that name. */
	find(name: string): Promise<SessionId | null>
	/** Whether that session takes work of the Blueprint; true for one nobody knows. */
	takes(name: string, blueprintId: string | null): boolean
	/** What that live session says it can run. */
	manifestOf(name: string): CapabilityManifest | null
	/** Whether any session lives, connected or not. */
	anyLive(): Promise<boolean>
}
