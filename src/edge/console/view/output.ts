import { isJsonObject } from '../../../kernel/json.ts'

export interface OutputPart {
	readonly name: string
	readonly value: unknown
}

/** A step's output as what there is to read: the value itself, or `out` and each of its parts where the worker named some. */
export function outputParts(output: unknown): readonly OutputPart[] {
	if (output === null || output === undefined) return []
	if (!isJsonObject(output) || !isJsonObject(output.parts) || !('out' in output)) return [{ name: 'Output', value: output }]
	const parts = Object.entries(output.parts).map(([name, value]) => ({ name: `Part ${name}`, value }))
	return [{ name: 'Output', value: output.out }, ...parts]
}
