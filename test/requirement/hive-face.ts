import { numbered, type Row } from './numbered.ts'

const faces: { readonly [number: number]: Row } = {
	74: 'a step bound to an agent of the hive is done through its inbox and its tools; a restart in the middle resumes it',
	75: 'the MCP bridge lists exactly the tools of its role, gives what the socket gives, and outlives a restart of the server',
}

/** Agents of the hive as operators, as workers, and over MCP (hyperhive). */
export const hiveFaceRequirements = numbered('08.', faces)
