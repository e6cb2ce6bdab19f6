import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Path, parsePath } from '../../../src/core/blueprint/path.ts'
import { Ctx, type SavedCtx } from '../../../src/core/flow/ctx.ts'
import { FlowError } from '../../../src/core/flow/flow-error.ts'
import type { Json } from '../../../src/kernel/json.ts'

const path = (text: string): Path => {
	const parsed = parsePath(text)
	if ('path' in parsed) return parsed.path
	throw new Error(parsed.reason)
}

type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain }

/** The same as Ctx, but copying everything each time. */
class NaiveCtx {
	root: Plain
	constructor(initial: Plain) {
		this.root = structuredClone(initial)
	}
	read(keys: readonly string[]): Plain | undefined {
		let here: Plain | undefined = this.root
		for (const key of keys) {
			if (typeof here !== 'object' || here === null || Array.isArray(here) || !Object.hasOwn(here, key)) return undefined
			here = here[key]
		}
		return structuredClone(here)
	}
	write(keys: readonly string[], value: Plain): boolean {
		const written = this.#written(this.root, keys, structuredClone(value))
		if (written !== undefined) this.root = written
		return written !== undefined
	}
	#written(here: Plain | undefined, keys: readonly string[], value: Plain): Plain | undefined {
		const [key, ...rest] = keys
		if (key === undefined) return value
		const object = here ?? {}
		if (typeof object !== 'object' || Array.isArray(object)) return undefined
		const child = this.#written(Object.hasOwn(object, key) ? object[key] : undefined, rest, value)
		if (child === undefined) return undefined
		const entries = Object.entries(object).filter(([other]) => other !== key)
		return Object.fromEntries([...entries, [key, child]])
	}
}

const keys = fc.array(fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor'), { maxLength: 3 })
const plain = fc.letrec<{ value: Plain }>((tie) => ({
	value: fc.oneof(
		{ maxDepth: 3 },
		fc.constantFrom<Plain>(null, true, 1, 'x'),
		fc.array(tie('value'), { maxLength: 2 }),
		fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), tie('value'), { maxKeys: 3 }),
	),
})).value
const action = fc.oneof(
	fc.record({ kind: fc.constant('read' as const), keys }),
	fc.record({ kind: fc.constant('write' as const), keys, value: plain }),
	fc.record({ kind: fc.constant('copy' as const), keys, from: keys }),
	fc.record({ kind: fc.constant('fork' as const) }),
	fc.record({ kind: fc.constant('save' as const) }),
	fc.record({ kind: fc.constant('restore' as const) }),
)

describe('ctx', () => {
	test('behaves as if everything were copied, and nothing handed in or out ever changes', () => {
		fc.assert(
			fc.property(plain, fc.array(action, { maxLength: 30 }), (initial, actions) => {
				const kept: { value: Json; text: string }[] = []
				const keep = (value: Json): void => void kept.push({ value, text: JSON.stringify(value) })
				keep(initial)
				let ctx = new Ctx(initial)
				const naive = new NaiveCtx(initial)
				let saved: { mine: SavedCtx; naive: Plain } = { mine: ctx.save(), naive: structuredClone(initial) }
				for (const act of actions) {
					if (act.kind === 'fork') {
						const abandoned = ctx
						ctx = ctx.fork()
						abandoned.write(path('$'), { stray: true })
					} else if (act.kind === 'save') saved = { mine: ctx.save(), naive: naive.root }
					else if (act.kind === 'restore') {
						ctx.restore(saved.mine)
						naive.root = saved.naive
					} else {
						const at = pathOf(act.keys)
						const value = act.kind === 'write' ? act.value : naive.read(act.kind === 'copy' ? act.from : act.keys)
						const mine = act.kind === 'write' ? act.value : readOr(ctx, act.kind === 'copy' ? pathOf(act.from) : at)
						expect<unknown>(mine).toEqual(value)
						if (mine === undefined || value === undefined) continue
						keep(mine)
						if (act.kind !== 'read') expect(writes(ctx, at, mine)).toBe(naive.write(act.keys, value))
					}
					expect(ctx.has(path('$.a'))).toBe((naive.read(['a']) ?? null) !== null)
				}
				expect(JSON.stringify(sorted(ctx.value()))).toBe(JSON.stringify(sorted(naive.root)))
				for (const { value, text } of kept) expect(JSON.stringify(value)).toBe(text)
			}),
			{ numRuns: 1_000 },
		)
	})

	test('__proto__ is a key like any other', () => {
		const ctx = new Ctx({})
		ctx.write(path('$.__proto__.polluted'), true)
		ctx.write(path('$.a.__proto__'), 1)
		expect(JSON.stringify(ctx.value())).toBe('{"__proto__":{"polluted":true},"a":{"__proto__":1}}')
		expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
		expect(readOr(new Ctx({}), path('$.__proto__'))).toBeUndefined()
		expect(readOr(new Ctx({}), path('$.toString'))).toBeUndefined()
	})

	test('a write copies no more than its path: siblings stay the same objects', () => {
		const initial = { wide: { x: 1 }, deep: { left: {}, right: {} } }
		const ctx = new Ctx(initial)
		ctx.write(path('$.deep.left.n'), 1)
		const after = ctx.value() as typeof initial
		expect(after.wide).toBe(initial.wide)
		expect(after.deep.right).toBe(initial.deep.right)
		expect(after.deep.left).not.toBe(initial.deep.left)
	})

	test('a value read twice without a write between is made once', () => {
		const ctx = new Ctx({})
		ctx.write(path('$.a.b'), 1)
		expect(ctx.read(path('$.a'))).toBe(ctx.read(path('$.a')))
		expect(ctx.value()).toBe(ctx.value())
	})
})

function pathOf(parts: readonly string[]): Path {
	return path(['$', ...parts].join('.'))
}

function readOr(ctx: Ctx, at: Path): Json | undefined {
	try {
		return ctx.read(at)
	} catch (thrown) {
		expect(thrown).toMatchObject({ class: 'PathNotFound', message: `path not found: ${at.text}` })
		return undefined
	}
}

function writes(ctx: Ctx, at: Path, value: Json): boolean {
	try {
		ctx.write(at, value)
		return true
	} catch (thrown) {
		expect(thrown).toBeInstanceOf(FlowError)
		return false
	}
}

function sorted(value: Json): Json {
	if (Array.isArray(value)) return value.map(sorted)
	if (typeof value !== 'object' || value === null) return value
	return Object.entries(value)
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([key, part]) => [key, sorted(part)])
}
