import type { TObject } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import type { HiveBridge } from '../../core/hive/bridge.ts'
import { MseError } from '../../kernel/error.ts'
import { type BridgeRequest, type BridgeResult, bridgeRequests } from '../../protocol/hive-bridge.ts'
import type { QuietVerbs } from './vocabulary.ts'

type Answer = { readonly kind: 'ok' } | BridgeResult
type Verbs = { readonly [Cmd in BridgeRequest['cmd']]: (request: Extract<BridgeRequest, { readonly cmd: Cmd }>) => Promise<Answer> }

/** The verbs of our own bridge on the socket of an agent; whoever does not know them is not told of them. */
export function bridgeVerbs(bridge: HiveBridge, owner: string): QuietVerbs {
	const verbs: Verbs = {
		mse_ack: ({ cmd: _, ...ack }) => done(bridge.acknowledge(owner, ack)),
		worker_prompt: ({ worker_handle }) => result(bridge.prompt(worker_handle)),
		worker_submit: ({ cmd: _, ...submitted }) => done(bridge.submit(submitted)),
		data_emit: ({ cmd: _, ...emitted }) => result(bridge.emit(emitted)),
		data_get: ({ worker_handle, key }) => result(bridge.read(worker_handle, key)),
		harness_state: () => result(bridge.state(owner)),
	}
	return new Map(bridgeRequests.map((schema) => [schema.properties.cmd.const, checked(schema, verbs[schema.properties.cmd.const])]))
}

/** These requests are read as plain JSON: their values are passed on as they are. */
function checked(schema: TObject, run: (request: never) => Promise<Answer>): (line: string) => Promise<Answer> {
	const check = TypeCompiler.Compile(schema)
	return async (line) => {
		const request: unknown = JSON.parse(line)
		const wrong = check.Errors(request).First()
		if (wrong) throw new MseError('malformed', `invalid request: ${wrong.path.slice(1).replaceAll('/', '.')}: ${wrong.message}`)
		return run(request as never)
	}
}

async function done(work: Promise<void>): Promise<Answer> {
	await work
	return { kind: 'ok' }
}

const result = async (work: Promise<unknown>): Promise<Answer> => ({ kind: 'result', value: await work })
