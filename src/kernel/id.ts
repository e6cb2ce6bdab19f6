import { randomHex } from './hash.ts'

declare const brand: unique symbol
type Id<Name extends string> = string & { readonly [brand]: Name }

/** `ST-` + 16 hex: one dispatch of a step node. The wire calls it `task_id` on worker routes and operator frames. */
export type StepId = Id<'step'>
/** `T-` + 16 hex: a request to run a Blueprint. */
export type TaskId = Id<'task'>
/** `R-` + 16 hex: one execution of a task. */
export type RunId = Id<'run'>
/** `S-` + 16 hex: an operator's session, and the public id of an attach session. */
export type SessionId = Id<'session'>
/** `out-` + 10 hex: a record of the data plane. */
export type OutputId = Id<'output'>
/** Names one request to an operator; opaque to clients. */
export type RequestId = Id<'request'>

export const newStepId = (): StepId => `ST-${randomHex(8)}` as StepId
export const newTaskId = (): TaskId => `T-${randomHex(8)}` as TaskId
export const newRunId = (): RunId => `R-${randomHex(8)}` as RunId
export const newSessionId = (): SessionId => `S-${randomHex(8)}` as SessionId
export const newOutputId = (): OutputId => `out-${randomHex(5)}` as OutputId

/** Ids that come from outside are opaque: an unknown one is answered 404, never refused for its form. */
export const asStepId = (text: string): StepId => text as StepId
export const asTaskId = (text: string): TaskId => text as TaskId
export const asRunId = (text: string): RunId => text as RunId
export const asSessionId = (text: string): SessionId => text as SessionId
export const asOutputId = (text: string): OutputId => text as OutputId
export const asRequestId = (text: string): RequestId => text as RequestId
