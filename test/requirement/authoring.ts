import { numbered } from './numbered.ts'

/** What users of the systems that came before have, by feature: writing Blueprints. */
export const authoringRequirements = numbered('06.', {
	116: 'a Blueprint is written as a script, with pipelines of stages',
	117: 'there are starters that pass the lint and run',
	118: 'a script is built into a document, and what is wrong is told with its place and how to mend it',
	120: 'what each agent runs with is explained',
})
