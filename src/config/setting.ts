import type { ValueType } from './value.ts'

/** One setting. Its flag, environment variable and file key are spelled from its name in the table: see `spellings`. */
export interface Key<T, Fallback = T> {
	readonly type: ValueType<T>
	readonly fallback: T | Fallback
	readonly doc: string
	/** Flag, where it differs from the name. */
	readonly flag?: string
	/** Lists from several sources are joined, the command line first, instead of the strongest one winning. */
	readonly joined?: boolean
	/** The value is never repeated in a message. */
	readonly secret?: boolean
	/** Variables of a standard that mean the same, strongest first. A value of theirs that is none of ours is named in a warning, no more. */
	readonly standardEnv?: readonly string[]
	/** Shown as the default where `fallback` does not say it. */
	readonly fallbackDoc?: string
}

type Options = Omit<Key<unknown>, 'type' | 'fallback' | 'doc'>

export const key = <T>(type: ValueType<T>, fallback: T, doc: string, options: Options = {}): Key<T> => ({ type, fallback, doc, ...options })

export const optional = <T>(type: ValueType<T>, doc: string, options: Options = {}): Key<T, null> => ({
	type,
	fallback: null,
	doc,
	...options,
})
