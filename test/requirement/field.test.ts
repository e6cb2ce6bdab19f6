import { expect, test } from 'bun:test'
import { BlueprintSchema } from '../../src/protocol/blueprint.ts'
import { fieldRequirements } from './field.ts'

interface Schema {
	readonly title?: string
	readonly properties?: { readonly [name: string]: Schema }
	readonly items?: Schema
	readonly anyOf?: readonly Schema[]
}

test('every field of a Blueprint has a row, and no row is about a field that is not there', () => {
	expect(fieldRequirements.map(({ id }) => id).sort()).toEqual([...fieldsOf(BlueprintSchema)].sort())
})

/** `03.<table>.<field>` of every field that is more than a table of others. Flows have requirements of their own. */
function fieldsOf(schema: Schema, found = new Set<string>()): ReadonlySet<string> {
	for (const [name, field] of Object.entries(schema.properties ?? {})) {
		const tables = name === 'flow' ? [] : tablesOf(field)
		for (const table of tables) fieldsOf(table, found)
		const isChoice = tables.length === 0 || (field.anyOf ?? []).some(hasOwnWords)
		if (isChoice) found.add(`03.${schema.title}.${name}`)
	}
	return found
}

/** The tables that a field holds, alone, in a list or as one of several. */
function tablesOf(schema: Schema): readonly Schema[] {
	if (schema.properties !== undefined) return [schema]
	return [...(schema.anyOf ?? []), ...(schema.items === undefined ? [] : [schema.items])].flatMap(tablesOf)
}

/** Beside its tables the field takes a word of its own, as `approve` does. */
function hasOwnWords({ title, anyOf }: Schema): boolean {
	return title === 'approve' && anyOf !== undefined
}
