import { numbered } from './numbered.ts'

/** Configs of hive agents as git commits, after hyperhive. */
export const hiveConfigRequirements = numbered('08.', {
	67: 'a proposal pins its commit: whatever happens to the proposed repository afterwards, the original tree is deployed',
	68: 'names, options, empty and unknown references are refused as commits, and nothing is proposed',
	69: 'tags tell what became of a proposal; a failed deployment leaves main and the old config in place',
	70: 'a hostile repository executes nothing, and links, submodules and borrowed objects are refused',
})
