import { numbered } from './numbered.ts'

/** What the MCP adapters of mlua-swarm 0.1.0 and 0.26.0, unmodified, cannot do without. */
const needs = numbered('05.M', {
	1: 'without any setting the server listens at 127.0.0.1:7777, plain HTTP',
	2: 'health is the text ok, within half a second, also under load',
	3: 'a join takes the body of either generation, an empty one and unknown keys, and answers sid, token and roles',
	4: 'the bearer of an upgrade is checked before it: 401, 404, else 101 without subprotocol',
	5: 'sid and token open one socket after another, and the last one has the session',
	6: 'every frame has the keys and types without which it would be lost',
	7: 'every reply an adapter can send is taken as it is, and what is not understood is dropped in silence',
	8: 'leaving is a DELETE with the bearer, answered 204',
	9: 'a worker gets its prompt with its handle, without a null in it and without system_ref',
	10: 'submit, artifact, degradation and stats answer exactly 204, raw bodies under any content type',
	11: 'a launch in the words of 0.26.0 is taken with its unknown keys, and answers run and status',
	12: 'a run and its newest trace are read, an unknown run is 404 as JSON',
	13: 'cancel and unarchive take no body and no content type',
	14: 'a Blueprint is archived and brought back',
	15: 'a Blueprint is registered under its id',
	16: 'the head of a Blueprint has no key inside that its schema does not know',
	17: 'the last rendered size of an agent is a number, or null',
	18: 'the doctor answers JSON',
})

/** Whole exchanges of such a client with the server. */
const scripts = numbered('05.S', {
	1: 'a client joins, connects and leaves, and is unknown afterwards',
	2: 'what the worker of a step submits is its outcome, whatever the acknowledgement carries',
	3: 'an acknowledgement alone carries the result',
	4: 'a failed acknowledgement fails the step, and a try catches it',
	5: 'a halt is a value that the flow branches on',
	6: 'after a dropped link nothing unread is lost and nothing read is repeated',
	7: 'no frame is lost, whatever the agent declares',
	8: 'a worker submits with curl, and only the line end of its own is gone',
	9: 'a synchronous launch outlasts the idle time of connections',
	10: 'a run outlives the client that waited for it',
	11: 'a session and its open request outlive the server',
	12: 'health is the two bytes of ok',
	13: 'a registered Blueprint comes back as a strict parser wants it',
})

export const adapterRequirements = [...needs, ...scripts]
