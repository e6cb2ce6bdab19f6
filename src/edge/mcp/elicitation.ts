import { isJsonObject, type JsonObject } from '../../kernel/json.ts'

/** What a client can ask its user: a flat object of simple fields. */
export interface RequestedForm {
	readonly type: 'object'
	readonly properties: { readonly [name: string]: JsonObject }
	readonly required: readonly string[]
}

/** What a user did with a form. */
export interface Elicited {
	/** `decline`: they do not want to answer; `cancel`: they closed it. */
	readonly action: 'accept' | 'decline' | 'cancel'
	readonly content?: { readonly [name: string]: unknown } | undefined
}

const SIMPLE: readonly unknown[] = ['string', 'number', 'integer', 'boolean']
const SHOWN = ['title', 'description', 'enum', 'minimum', 'maximum', 'minLength', 'maxLength', 'format', 'default']
/** Fields of the decision itself. */
const OWN = { decision: 'decision', note: 'note' }

/** Approve or deny, a note, and the fields of the form; null for a form that is more than simple fields. */
export function decisionForm(form: unknown): RequestedForm | null {
	const fields = simpleFields(form)
	if (fields === null) return null
	const decision = { type: 'string', enum: ['approve', 'deny'], title: 'Decision' }
	const note = { type: 'string', title: 'Note', description: 'why, for whoever reads it later', maxLength: 2000 }
	return { type: 'object', properties: { [OWN.decision]: decision, ...fields, [OWN.note]: note }, required: [OWN.decision] }
}

/** The decision taken apart again. */
export function readDecision(content: { readonly [name: string]: unknown } = {}) {
	const { decision, note, ...answer } = content
	return {
		isGranted: decision === 'approve',
		isDenied: decision === 'deny',
		...(typeof note === 'string' && note !== '' && { note }),
		answer,
	}
}

function simpleFields(form: unknown): { readonly [name: string]: JsonObject } | null {
	if (form === null || form === undefined) return {}
	if (!isJsonObject(form) || !isJsonObject(form.properties)) return null
	const entries = Object.entries(form.properties).map(([name, field]) => [name, simpleField(field)] as const)
	if (entries.some(([name, field]) => field === null || name in OWN)) return null
	return Object.fromEntries(entries.flatMap(([name, field]) => (field ? [[name, field]] : [])))
}

function simpleField(field: unknown): JsonObject | null {
	if (!isJsonObject(field)) return null
	const words = Array.isArray(field.enum) && field.enum.every((word) => typeof word === 'string')
	if (field.enum !== undefined && !words) return null
	const type = field.type ?? (words ? 'string' : undefined)
	if (typeof type !== 'string' || !SIMPLE.includes(type)) return null
	return { type, ...Object.fromEntries(Object.entries(field).filter(([key]) => SHOWN.includes(key))) }
}
