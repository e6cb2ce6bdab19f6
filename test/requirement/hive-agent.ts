import { numbered, type Row } from './numbered.ts'

const lives: { readonly [number: number]: Row } = {
	32: 'in a sandbox, or with a user of its own, an agent cannot open the sockets of others, and doctor says when it could',
	44: 'a spawned agent is listed, has a socket of mode 0600 in a folder of mode 0700, and needed no approval',
	45: 'a name that is managed is not spawned again, and nothing changes',
	46: 'a spawn that fails says why, and leaves its folders, no agent and no socket; the next one may succeed',
	47: 'a killed agent is listed as stopped and has no socket; killing it again is fine, killing an unknown one is not',
	48: 'a tree of processes that ignores TERM is gone within a second after the grace',
	49: 'a destroyed agent is not listed and has no runtime folder; its repositories, notes and logins wait for the next of its name',
	50: 'approvals that wait for a destroyed agent fail with the note "agent destroyed"',
	51: 'the manager may be killed and not destroyed',
	52: 'a purge deletes both trees of an agent; afterwards there is no such agent',
	53: 'a rebuild restarts with what is applied, from a stopped one too; what cannot run leaves the old one running',
	54: 'a name is taken exactly if it has the form and is not reserved, and no path outside the roots is ever touched',
	55: 'agents outlive a killed server, which takes them back as they are; one of another start time is not taken for it',
	78: 'a spawned process runs within 700 ms, of which 500 are the grace',
}

/** The life of hive agents (hyperhive). */
export const hiveAgentRequirements = numbered('08.', lives)
