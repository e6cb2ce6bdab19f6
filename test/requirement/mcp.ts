import { numbered } from './numbered.ts'

/** What AI clients can count on over MCP. */
export const mcpRequirements = numbered('05.T', {
	1: 'every tool of mlua-swarm 0.26.0 is there under its name, but for those that install a service of macOS',
	2: 'a launch from an MCP client is a durable run of the server, whether it names an id, a file or a document',
	3: 'a client joins, takes a request, fetches its prompt, submits and acknowledges, and the run is done',
	4: 'a kill -9 of the server between taking and acknowledging a request loses nothing and repeats nothing',
	5: 'approvals are listed, shown with their form, granted with an answer and denied by an MCP client',
	6: 'a wait tells that it goes on, outlives a restart of the server, and its cancellation leaves the run alone',
	7: 'stdout carries JSON-RPC and nothing else',
	8: 'without a server every tool says what to do, and works when it is back',
	9: 'the same tools are at /mcp over Streamable HTTP, behind the same guard and admin token',
	10: 'the admin token goes to the server that it was given for, and to no other',
	11: 'a long result is cut where nobody chose, and says how to get the rest',
	12: 'guides, samples, schema and tools are resources that need no server, and an unknown one is not found',
	13: 'wrong arguments are an error of the protocol that names them; a refusal of the server is told with its code and hint',
	14: 'when a client ends it gives up what it joined, and the next one is given what waits',
	15: 'a client that can ask its user has them decide about an approval in a form of their own',
})
