import { processBackend } from '../../../src/backend/process/backend.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { type BackendSubject, backendContract } from '../../contract/backend.ts'
import { newAgent } from '../../support/attempt.ts'
import { markedProcesses } from '../../support/marked-process.ts'
import { processOptions } from '../../support/process-options.ts'
import { program, sh } from './perform.ts'

const final = '{"type":"final","ok":%s,"content":{"kind":"inline","value":%s}}'

backendContract('process, plain', async () =>
	subject({
		passes: program('echo-json'),
		blocks: sh(`printf '"%s"' "$(cat)"; exit 1`),
	}),
)

backendContract('process, streamed', async () =>
	subject({
		passes: sh(`printf '${final}' true "$(${process.execPath} ${import.meta.dir}/../../fixture/program/echo-json.ts)"`, streamed),
		blocks: sh(`printf '${final}' false "\\"$(cat)\\""`, streamed),
	}),
)

const streamed = { stream_mode: 'ndjson_lines' }

function subject(specs: { passes: JsonObject; blocks: JsonObject }): BackendSubject {
	const agent = (spec: JsonObject) => newAgent('subprocess', spec)
	return {
		backend: processBackend(processOptions()),
		passes: agent(specs.passes),
		blocks: agent(specs.blocks),
		fails: agent({ program: 'boom-is-not-a-program' }),
		waits: agent(sh('sleep 1000 & wait')),
		invalid: agent({ args: [] }),
		workingOn: (attempts) => attempts.filter(({ key }) => markedProcesses(key).length > 0).length,
		[Symbol.asyncDispose]: async () => {},
	}
}
