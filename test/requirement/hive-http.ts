import { numbered } from './numbered.ts'

/** The hive beside the rest of the server: one queue of approvals, one log of events, one HTTP API. */
export const hiveHttpRequirements = numbered('08.', {
	71: 'the commit that was fetched for a proposal is shown over HTTP, and never on the operator socket',
	72: 'the operator socket lists the kinds of approvals that its readers know, and resolves every kind by id',
	76: 'the event log replays what happened in the hive without gap or duplicate across reconnects',
})
