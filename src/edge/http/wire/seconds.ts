/** A time of ours (milliseconds) as the swarm's wire has it. */
export const toSeconds = (ms: number): number => Math.floor(ms / 1000)
