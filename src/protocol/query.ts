import { Type } from '@sinclair/typebox'

// Both sides of the types say what the handler gets: clients write the same value, and the URL makes text of it.

/** A whole number in a query string. */
export const CountParam = Type.Unsafe<number>(
	Type.Transform(Type.String({ pattern: '^[0-9]{1,15}$', description: 'a whole number' }))
		.Decode(Number)
		.Encode(String),
)

/** `true` or `false` in a query string. */
export const FlagParam = Type.Unsafe<boolean>(
	Type.Transform(Type.Union([Type.Literal('true'), Type.Literal('false')]))
		.Decode((text) => text === 'true')
		.Encode((flag) => (flag ? 'true' : 'false')),
)
