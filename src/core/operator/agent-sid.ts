import { asSessionId, type SessionId } from '../../kernel/id.ts'

const PREFIX = 'hive:'

/** The session of a hive agent, whose socket is its inbox: nobody joins for it, it is there once somebody asks for it. */
export const inboxSid = (agent: string): SessionId => asSessionId(PREFIX + agent)

/** The agent that a session's name means; null for the sessions of everybody else. */
export const agentOf = (name: string): string | null =>
	name.startsWith(PREFIX) && name.length > PREFIX.length ? name.slice(PREFIX.length) : null
