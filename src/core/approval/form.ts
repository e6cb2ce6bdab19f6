import { MseError } from '../../kernel/error.ts'
import type { Json } from '../../kernel/json.ts'
import { schemaFault, valueFault } from '../../kernel/json-schema.ts'

/** Throws `invalid` unless the form of a question is a JSON Schema; null is none. */
export function checkForm(form: Json): void {
	const fault = form === null ? null : schemaFault(form)
	if (fault !== null) throw new MseError('invalid', `The form is no JSON Schema: ${fault}.`, { code: 'form_invalid' })
}

/** The answer to keep: what was given, or `{}` where a form was left empty. Throws `invalid` when the form does not take it. */
export function checkedAnswer(id: number, form: Json, answer: Json | undefined): Json {
	if (form === null) return answer ?? null
	const given = answer ?? {}
	const fault = valueFault(form, given)
	if (fault === null) return given
	throw new MseError('invalid', `The answer to approval ${id} does not fit its form: ${fault}.`, {
		code: 'answer_invalid',
		details: { form },
	})
}
