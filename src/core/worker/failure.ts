import { MseError } from '../../kernel/error.ts'
import type { ProfileSelector, WorkerExecutionResult } from '../../protocol/runtime.ts'

// The sentences are those of yoi's worker-runtime, which clients match on.

export function invalidRequest(detail: string): MseError {
	return new MseError('malformed', `invalid request: ${detail}`, { code: 'invalid_request' })
}

export function limitTooLarge(requested: number, maximum: number): MseError {
	return new MseError('malformed', `limit ${requested} exceeds maximum ${maximum}`, {
		code: 'limit_too_large',
		details: { requested, maximum },
	})
}

export function digestMismatch(id: string, expected: string, actual: string): MseError {
	return new MseError('malformed', `config bundle \`${id}\` digest mismatch: expected ${expected}, got ${actual}`, {
		code: 'config_bundle_digest_mismatch',
	})
}

export function bundleMissing(id: string): MseError {
	return new MseError('not_found', `config bundle \`${id}\` was not found`, { code: 'config_bundle_missing' })
}

export function unsupportedDeclaration(id: string, kind: string, name: string): MseError {
	return new MseError('malformed', `config bundle \`${id}\` contains unsupported declaration \`${kind}\` named \`${name}\``, {
		code: 'unsupported_config_declaration',
	})
}

export function invalidSelector(selector: ProfileSelector, bundleId: string | undefined, detail: string): MseError {
	const bundle = bundleId === undefined ? 'None' : `Some(${JSON.stringify(bundleId)})`
	return new MseError('malformed', `invalid profile selector \`${selectorText(selector)}\` for config bundle ${bundle}: ${detail}`, {
		code: 'invalid_profile_selector',
	})
}

export const selectorText = (selector: ProfileSelector): string =>
	selector.kind === 'runtime_default' ? 'runtime_default' : selector.value

export function workerNotFound(workerId: string, runtimeId: string): MseError {
	return new MseError('not_found', `worker ${workerId} was not found in runtime ${runtimeId}`, { code: 'worker_not_found' })
}

export function executionUnavailable(workerId: string, detail: string): MseError {
	return new MseError('conflict', `worker ${workerId} has no execution backend: ${detail}`, { code: 'worker_execution_unavailable' })
}

/** A call that the backend did not accept; operation and outcome are in the details too. */
export function executionRejected(workerId: string, result: WorkerExecutionResult, cause?: unknown): MseError {
	const { operation, outcome } = result
	return new MseError(
		'conflict',
		`worker ${workerId} execution ${camel(operation)} returned ${camel(outcome)}: ${messageOfResult(result)}`,
		{
			code: 'worker_execution_rejected',
			details: { operation, outcome },
			cause,
		},
	)
}

export const messageOfResult = ({ operation, outcome, message }: WorkerExecutionResult): string =>
	message ?? `${camel(operation)} ${camel(outcome)}`

const camel = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)
