import type { OperatorEvent } from '../client/operator-event.ts'

/** An event as a line for people. */
export function progressLine(event: OperatorEvent): string {
	switch (event.kind) {
		case 'joined':
			return `joined as ${event.session.sid}`
		case 'connected':
			return `${event.sid} is connected and waits for work`
		case 'disconnected':
			return `not connected (${event.reason}); trying again in ${(event.retryInMs / 1000).toFixed(1)} s`
		case 'session_gone':
			return `the session ${event.sid} is gone`
		case 'replaced':
			return 'another client took the session over'
		case 'going_away':
			return 'the server is stopping'
		case 'started':
			return `${stepOf(event)} started`
		case 'ended':
			return `${stepOf(event)} ${event.outcome}${event.message === undefined ? '' : `: ${event.message}`}`
		case 'withdrawn':
			return `${stepOf(event)} withdrawn: ${event.message}`
		case 'receipted':
			return `reply ${event.reqId} received`
		case 'refused':
			return `the server refused a reply (${event.code}): ${event.message}`
		case 'unreadable':
			return `a frame was not understood: ${event.text}`
	}
}

/** An event for programs: one JSON line, without the session's token. */
export function eventLine(event: OperatorEvent): string {
	return JSON.stringify(event.kind === 'joined' ? { kind: event.kind, sid: event.session.sid } : event)
}

function stepOf({ agent, taskId, attempt }: { readonly agent: string; readonly taskId: string; readonly attempt: number }): string {
	return `${agent} ${taskId}${attempt > 1 ? ` (attempt ${attempt})` : ''}`
}
