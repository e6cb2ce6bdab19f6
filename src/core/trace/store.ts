/** How far traces were sent. Every change is on disk once its promise resolves. */
export interface TraceStore {
	/** Everything up to here was taken, or refused for good; null where traces never were on. */
	cursor(): Promise<number | null>
	moveTo(cursor: number): Promise<void>
	/** Traces are off: whoever turns them on again begins with what happens from then on. */
	forget(): Promise<void>
}
