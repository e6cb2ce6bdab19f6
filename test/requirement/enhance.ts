import { numbered } from './numbered.ts'

/** What users of the systems that came before have, by feature: Blueprints that improve themselves. */
export const enhanceRequirements = numbered('06.', {
	25: 'the flow that improves Blueprints is a Blueprint itself',
	127: 'an issue is posted and shown',
	128: 'issues are listed, tried again, and outlive a crash',
	129: 'settings are saved, shown, replaced and removed',
	130: 'what became of issues is in a log',
	131: 'an issue becomes a patch, is judged on every axis and ends in a commit',
	132: 'any agent can be the one that writes patches',
	133: 'the time of an issue is bounded, and its work really stops',
	134: 'a patch has to compile, and is committed on the head it was written for',
	135: 'issues, settings and log are on disk',
})
