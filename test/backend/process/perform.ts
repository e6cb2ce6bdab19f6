import { type ProcessOptions, processBackend } from '../../../src/backend/process/backend.ts'
import type { Completion } from '../../../src/core/dispatch/backend.ts'
import { isJsonObject, type JsonObject } from '../../../src/kernel/json.ts'
import { emptyBlueprint, newAgent, newAttempt } from '../../support/attempt.ts'
import { processOptions } from '../../support/process-options.ts'

type Spec = JsonObject

/** One attempt of an agent with this spec. */
export async function perform(spec: Spec, attempt = newAttempt(), options: Partial<ProcessOptions> = {}): Promise<Completion> {
	return processBackend(processOptions(options)).prepare(newAgent('subprocess', spec), emptyBlueprint).perform(attempt)
}

/** A spec that runs a shell script. */
export const sh = (script: string, more: Spec = {}): Spec => ({ program: 'sh', args: ['-c', script], ...more })

/** A spec that runs one of the programs under test/fixture/program. */
export const program = (name: string, more: Spec = {}): Spec => ({
	program: process.execPath,
	args: [`${import.meta.dir}/../../fixture/program/${name}.ts`],
	...more,
})

/** The value of output that was no JSON. */
export function textOf({ final }: Completion): { raw: string; stderr: string } {
	const value = isJsonObject(final?.value) ? final.value : {}
	return { raw: String(value.raw), stderr: String(value.stderr) }
}
