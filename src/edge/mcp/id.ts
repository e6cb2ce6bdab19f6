import { Type } from '@sinclair/typebox'

/** Ids that are looked at before anything is sent, as in mlua-swarm 0.26.0. */
export const RunIdSchema = Type.String({ pattern: '^R-.', description: 'the id of a run, R-…' })
export const StepIdSchema = Type.String({ pattern: '^ST-.', description: 'the id of a step, ST-…' })
