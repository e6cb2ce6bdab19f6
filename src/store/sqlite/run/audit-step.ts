/** A condition on rows of `step`: the step is an audit of another one. Written as the index has it. */
export const IS_AUDIT = "instr(position, '/audit:') > 0"
export const isAuditAt = (position: string): boolean => position.includes('/audit:')
