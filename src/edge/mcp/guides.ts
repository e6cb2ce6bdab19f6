import approvals from './guide/approvals.md' with { type: 'text' }
import blueprintAuthoring from './guide/blueprint-authoring.md' with { type: 'text' }
import enhanceFlow from './guide/enhance-flow.md' with { type: 'text' }
import gettingStarted from './guide/getting-started.md' with { type: 'text' }
import hive from './guide/hive.md' with { type: 'text' }
import operatorExecutionModel from './guide/operator-execution-model.md' with { type: 'text' }
import replayAndResume from './guide/replay-and-resume.md' with { type: 'text' }
import workerIoContract from './guide/worker-io-contract.md' with { type: 'text' }

/** A page of help in Markdown; its first line is its title. */
export interface Guide {
	readonly name: string
	readonly text: string
}

/** Pages for people and models, by name, in the order to read them in. */
export const guides: readonly Guide[] = [
	{ name: 'getting-started', text: gettingStarted },
	{ name: 'blueprint-authoring', text: blueprintAuthoring },
	{ name: 'operator-execution-model', text: operatorExecutionModel },
	{ name: 'worker-io-contract', text: workerIoContract },
	{ name: 'approvals', text: approvals },
	{ name: 'replay-and-resume', text: replayAndResume },
	{ name: 'hive', text: hive },
	{ name: 'enhance-flow', text: enhanceFlow },
]

export const titleOf = ({ text }: Guide): string => text.slice(0, text.indexOf('\n')).replace(/^# /, '')
