import type { Json } from '../../../kernel/json.ts'
import type { NodeOf } from '../../../protocol/flow.ts'
import { compileExpr, compileTarget } from '../expression.ts'
import { dispatcherError } from '../flow-error.ts'
import { Skipped } from '../flow-host.ts'
import type { Lane, Runner } from '../lane.ts'

export function step(node: NodeOf<'step'>): Runner {
	const { ref } = node
	const read = compileExpr(node.in)
	const write = compileTarget(node.out)
	const finish = (lane: Lane, value: Json | Skipped): void => {
		lane.signal.throwIfAborted()
		if (value !== Skipped) write(lane, value)
	}
	return (lane, position) => {
		const { signal, host } = lane
		signal.throwIfAborted()
		const call = { ref, input: read(lane), position, signal }
		const fail = (thrown: unknown): never => {
			signal.throwIfAborted()
			throw dispatcherError(ref, position, thrown)
		}
		let answer: ReturnType<typeof host.dispatch>
		try {
			answer = host.dispatch(call)
		} catch (thrown) {
			return fail(thrown)
		}
		// Asked by class: a worker's JSON may well have a key named `then`.
		if (answer instanceof Promise) return answer.then((value) => finish(lane, value), fail)
		finish(lane, answer)
	}
}
