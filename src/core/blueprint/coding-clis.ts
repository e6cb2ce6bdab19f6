import type { SubprocessDef } from '../../protocol/blueprint.ts'
import aider from './coding-cli/aider.json' with { type: 'json' }
import claude from './coding-cli/claude.json' with { type: 'json' }
import codex from './coding-cli/codex.json' with { type: 'json' }
import gemini from './coding-cli/gemini.json' with { type: 'json' }
import opencode from './coding-cli/opencode.json' with { type: 'json' }

/** A command-line coding agent, and the entry of `subprocesses` that runs it without a person. */
export interface CodingCli {
	readonly name: string
	readonly title: string
	readonly program: string
	/** The version whose flags the template uses. */
	readonly written_for: string
	/** How to get it and log in. */
	readonly install: string
	/** A model it knows, to begin with. */
	readonly model: string
	/** What it may do, what it is given, and what its value is. */
	readonly about: string
	/** Without the name that a Blueprint gives it. */
	readonly template: Pick<SubprocessDef, 'argv' | 'stdin' | 'cwd' | 'output'>
}

export const codingClis: readonly CodingCli[] = [claude, codex, gemini, opencode, aider]
