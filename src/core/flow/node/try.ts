import type { NodeOf } from '../../../protocol/flow.ts'
import { compileTarget } from '../expression.ts'
import { FlowError } from '../flow-error.ts'
import type { CompileNode, Runner } from '../lane.ts'

/** Catches FlowErrors only: an abort and a fault of the host are not failures of the flow. */
export function tryCatch(node: NodeOf<'try'>, compile: CompileNode): Runner {
	const body = compile(node.body)
	const rescue = compile(node.catch)
	const writeError = node.err_at ? compileTarget(node.err_at) : undefined
	return (lane, position) => {
		const saved = lane.ctx.save()
		const recover = (thrown: unknown): void | Promise<void> => {
			lane.signal.throwIfAborted()
			if (!(thrown instanceof FlowError)) throw thrown
			lane.ctx.restore(saved)
			writeError?.(lane, thrown.message)
			return rescue(lane, `${position}/catch`)
		}
		try {
			return body(lane, `${position}/try`)?.catch(recover)
		} catch (thrown) {
			return recover(thrown)
		}
	}
}
