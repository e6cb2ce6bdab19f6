/** What a word means to whoever looks: the colour beside it, never instead of it. */
export type Tone = 'good' | 'bad' | 'busy' | 'waits' | 'warns' | 'calm'

/** Words of the server for how things stand, whatever they are about. */
const TONES: { readonly [word: string]: Tone } = {
	...{ done: 'good', passed: 'good', approved: 'good', applied: 'good', finished: 'good', ok: 'good', connected: 'good', ready: 'good' },
	...{ failed: 'bad', denied: 'bad', rejected: 'bad', broken: 'bad', error: 'bad', overdue: 'bad', crashed: 'bad', expired: 'bad' },
	...{
		running: 'busy',
		busy: 'busy',
		delivered: 'busy',
		sent: 'busy',
		applying: 'busy',
		creating: 'busy',
		stopping: 'busy',
		in_flight: 'busy',
	},
	...{ pending: 'waits', waiting: 'waits', waiting_approval: 'waits', parked: 'waits', queued: 'waits', retrying: 'waits' },
	...{
		interrupted: 'warns',
		blocked: 'warns',
		paused: 'warns',
		missing: 'warns',
		lost: 'warns',
		displaced: 'warns',
		warning: 'warns',
		away: 'warns',
	},
	'seat vacant': 'waits',
}

/** Words nobody listed are calm. */
export const toneOf = (word: string): Tone => (Object.hasOwn(TONES, word) ? (TONES[word] ?? 'calm') : 'calm')

/** A word of the wire as people write it. */
export const wordText = (word: string): string => word.replaceAll('_', ' ')
