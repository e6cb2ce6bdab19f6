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

export const newStepId = (): StepId => `ST-${ascending()}` as StepId
export const newTaskId = (): TaskId => `T-${ascending()}` as TaskId
export const newRunId = (): RunId => `R-${ascending()}` as RunId
export const newSessionId = (): SessionId => `S-${randomHex(8)}` as SessionId
/** What makes the id of a request its own, at the end of it: 36 characters that ascend with time. */
export const newRequestSerial = (): string => Bun.randomUUIDv7()
/** `h-` + a UUID: a wish about a Blueprint, as mlua-swarm names them. */
export const newIssueId = (): string => `h-${crypto.randomUUID()}`
export const newOutputId = (): OutputId => `out-${randomHex(5)}` as OutputId

/**
 * 16 hex that grow within a process and, as clocks go, from one to the next: rows of one time lie beside each other on disk,
 * and ids sort in the order of their making. Unique, not unguessable.
 */
const ascending = ascendingHex()

function ascendingHex(): () => string {
	let last = 0
	let count = 0
	return () => {
		const now = Math.max(last, Date.now())
		count = now === last ? count + 1 : Math.floor(Math.random() * 0x10000)
		last = count > 0xfffff ? now + 1 : now
		if (count > 0xfffff) count = 0
		return last.toString(16).padStart(11, '0') + count.toString(16).padStart(5, '0')
	}
}

/** Ids that come from outside are opaque: an unknown one is answered 404, never refused for its form. */
export const asStepId = (text: string): StepId => text as StepId
export const asTaskId = (text: string): TaskId => text as TaskId
export const asRunId = (text: string): RunId => text as RunId
export const asSessionId = (text: string): SessionId => text as SessionId
export const asOutputId = (text: string): OutputId => text as OutputId
export const asRequestId = (text: string): RequestId => text as RequestId
