import { isJsonObject, type Json, type JsonObject, parseJson } from '../../../kernel/json.ts'

/** One thing to fill in. Values are kept as text, or as a yes or no. */
export interface Field {
	/** The property; empty where the whole answer is one value. */
	readonly name: string
	readonly label: string
	readonly about: string | null
	readonly kind: 'text' | 'long_text' | 'number' | 'whole_number' | 'flag' | 'choice' | 'json'
	readonly isRequired: boolean
	/** Of a choice: what can be chosen, as shown and as sent. */
	readonly choices: readonly { readonly text: string; readonly value: Json }[]
	readonly initial: string | boolean
}

export type Filled = { readonly [name: string]: string | boolean }

/** An answer, or what is wrong with it by field. */
export type Read = { readonly answer: Json } | { readonly faults: { readonly [name: string]: string } }

/** Text longer than this is asked for in a box of several lines. */
const LINE_CHARS = 120

/** What a person fills in for a JSON Schema: a field for each property, or one for the whole. Nothing where no form is asked for. */
export function fieldsOf(schema: unknown): readonly Field[] {
	if (!isJsonObject(schema)) return schema === true ? [fieldOf('', {}, true)] : []
	const { properties } = schema
	if (!isJsonObject(properties)) return [fieldOf('', schema, true)]
	const required = Array.isArray(schema.required) ? schema.required : []
	return Object.entries(properties).map(([name, property]) =>
		fieldOf(name, isJsonObject(property) ? property : {}, required.includes(name)),
	)
}

/** The form before somebody touched it. */
export const initially = (fields: readonly Field[]): Filled => Object.fromEntries(fields.map(({ name, initial }) => [name, initial]))

/** The answer that was filled in; empty fields that nobody requires are left out. The server checks it once more. */
export function readForm(fields: readonly Field[], filled: Filled): Read {
	const read = fields.map((field) => ({ field, value: readField(field, filled[field.name] ?? field.initial) }))
	const faults = read.flatMap(({ field, value }) => ('fault' in value ? [[field.name, value.fault] as const] : []))
	if (faults.length > 0) return { faults: Object.fromEntries(faults) }
	const values = read.flatMap(({ field, value }) => ('value' in value ? [[field.name, value.value] as const] : []))
	const [whole] = values
	return { answer: fields[0]?.name === '' ? (whole?.[1] ?? null) : Object.fromEntries(values) }
}

function fieldOf(name: string, schema: JsonObject, isRequired: boolean): Field {
	const kind = kindOf(schema)
	const choices = choicesOf(schema).map((value) => ({ text: typeof value === 'string' ? value : JSON.stringify(value), value }))
	return {
		...{ name, kind, isRequired, choices },
		label: typeof schema.title === 'string' ? schema.title : labelOf(name),
		about: typeof schema.description === 'string' ? schema.description : null,
		initial: initialOf(kind, schema.default, choices),
	}
}

const labelOf = (name: string): string =>
	name === '' ? 'Answer' : `${name.charAt(0).toUpperCase()}${name.slice(1).replaceAll(/[_-]/g, ' ')}`

function kindOf(schema: JsonObject): Field['kind'] {
	if (choicesOf(schema).length > 0) return 'choice'
	switch (schema.type) {
		case 'boolean':
			return 'flag'
		case 'integer':
			return 'whole_number'
		case 'number':
			return 'number'
		case 'string':
			return typeof schema.maxLength === 'number' && schema.maxLength <= LINE_CHARS ? 'text' : longOrShort(schema)
		default:
			return 'json'
	}
}

const longOrShort = ({ format, maxLength }: JsonObject): 'text' | 'long_text' =>
	format === 'textarea' || format === 'markdown' || typeof maxLength === 'number' ? 'long_text' : 'text'

function choicesOf(schema: JsonObject): readonly Json[] {
	if (Array.isArray(schema.enum)) return schema.enum
	if ('const' in schema) return [schema.const ?? null]
	const options = Array.isArray(schema.oneOf) ? schema.oneOf : []
	const constants = options.flatMap((option) => (isJsonObject(option) && 'const' in option ? [option.const ?? null] : []))
	return constants.length === options.length ? constants : []
}

function initialOf(kind: Field['kind'], given: Json | undefined, choices: Field['choices']): string | boolean {
	if (kind === 'flag') return given === true
	if (given === undefined) return ''
	if (kind === 'choice') return String(choices.findIndex(({ value }) => JSON.stringify(value) === JSON.stringify(given)))
	return typeof given === 'string' ? given : JSON.stringify(given)
}

type FieldValue = { readonly value: Json } | { readonly fault: string } | Record<string, never>

function readField({ kind, isRequired, choices, label }: Field, filled: string | boolean): FieldValue {
	if (typeof filled === 'boolean') return { value: filled }
	const text = kind === 'text' || kind === 'long_text' ? filled : filled.trim()
	if (text === '') return isRequired ? { fault: `${label} has to be filled in.` } : {}
	switch (kind) {
		case 'number':
		case 'whole_number':
			return readNumber(label, text, kind === 'whole_number')
		case 'choice': {
			const choice = choices[Number(text)]
			return choice ? { value: choice.value } : { fault: `${label} has to be one of the choices.` }
		}
		case 'json': {
			const value = parseJson(text)
			return value === undefined ? { fault: `${label} has to be JSON, such as "a text" or {"a": 1}.` } : { value }
		}
		default:
			return { value: text }
	}
}

function readNumber(label: string, text: string, isWhole: boolean): FieldValue {
	const value = Number(text)
	if (Number.isFinite(value) && (!isWhole || Number.isInteger(value))) return { value }
	return { fault: `${label} has to be a ${isWhole ? 'whole number' : 'number'}.` }
}
