import { expect, test } from 'bun:test'
import { fieldsOf, initially, readForm } from '../../../src/edge/console/view/form.ts'

const schema = {
	type: 'object',
	required: ['tier', 'reason'],
	properties: {
		tier: { enum: ['canary', 'all', 3], default: 'all' },
		reason: { type: 'string', description: 'Why now' },
		percent: { type: 'integer' },
		ratio: { type: 'number', default: 0.5 },
		notify: { type: 'boolean', title: 'Tell the channel', default: true },
		free_form: {},
	},
}

test('each property of an object is a field of its kind, with its label, what it is for and its default', () => {
	const fields = fieldsOf(schema)
	expect(fields.map(({ kind }) => kind)).toEqual(['choice', 'text', 'whole_number', 'number', 'flag', 'json'])
	expect(fields.map(({ label }) => label)).toEqual(['Tier', 'Reason', 'Percent', 'Ratio', 'Tell the channel', 'Free form'])
	expect(fields.map(({ isRequired }) => isRequired)).toEqual([true, true, false, false, false, false])
	expect(fields[1]?.about).toBe('Why now')
	expect(initially(fields)).toEqual({ tier: '1', reason: '', percent: '', ratio: '0.5', notify: true, free_form: '' })
})

test('an answer has the types of its schema, and leaves out what was left empty', () => {
	const fields = fieldsOf(schema)
	const filled = { ...initially(fields), tier: '2', reason: ' green ', percent: ' 12 ', free_form: '{"a":1}' }
	expect(readForm(fields, filled)).toEqual({
		answer: { tier: 3, reason: ' green ', percent: 12, ratio: 0.5, notify: true, free_form: { a: 1 } },
	})
	expect(readForm(fields, { ...initially(fields), reason: 'x', notify: false })).toEqual({
		answer: { tier: 'all', reason: 'x', ratio: 0.5, notify: false },
	})
})

test('faults name the field: missing, no number, no whole number, no JSON', () => {
	const fields = fieldsOf(schema)
	const filled = { tier: '', reason: '', percent: '1.5', ratio: 'much', notify: false, free_form: '{' }
	expect(readForm(fields, filled)).toEqual({
		faults: {
			tier: 'Tier has to be filled in.',
			reason: 'Reason has to be filled in.',
			percent: 'Percent has to be a whole number.',
			ratio: 'Ratio has to be a number.',
			free_form: 'Free form has to be JSON, such as "a text" or {"a": 1}.',
		},
	})
})

test('a schema of one value is one field, and its value the answer', () => {
	expect(readForm(fieldsOf({ type: 'string' }), { '': 'yes' })).toEqual({ answer: 'yes' })
	expect(readForm(fieldsOf({ type: 'boolean' }), { '': true })).toEqual({ answer: true })
	expect(readForm(fieldsOf({ type: 'string' }), { '': '' })).toEqual({ faults: { '': 'Answer has to be filled in.' } })
	expect(fieldsOf({ oneOf: [{ const: 'a' }, { const: 'b' }] })[0]).toMatchObject({ kind: 'choice' })
})

test('no form, no field; text that may be long gets room', () => {
	expect(fieldsOf(null)).toEqual([])
	expect(fieldsOf(undefined)).toEqual([])
	expect(fieldsOf({ type: 'string', maxLength: 2000 })[0]?.kind).toBe('long_text')
	expect(fieldsOf({ type: 'string', maxLength: 20 })[0]?.kind).toBe('text')
})
