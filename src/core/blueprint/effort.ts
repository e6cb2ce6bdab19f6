/** How hard a model may be asked to think, least first. */
export const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const
export type Effort = (typeof EFFORTS)[number]

/** The effort that a profile asks for. The field is free text: undefined for none, and for a word that no model server knows. */
export function effortOf(text: string | null | undefined): Effort | undefined {
	const word = text?.trim().toLowerCase()
	return EFFORTS.find((effort) => effort === word)
}
