import { type Static, Type } from '@sinclair/typebox'

const nullable = <S extends Parameters<typeof Type.Union>[0][number]>(schema: S) => Type.Union([schema, Type.Null()])
const anyOf = <const Words extends string[]>(words: Words) =>
	Type.Unsafe<Words[number]>(Type.Union(words.map((word) => Type.Literal(word))))

/** A finding about a Blueprint (mlua-swarm 0.26.0). Every key is always there. */
export const WireDiagnosticSchema = Type.Object({
	kind: Type.String({ examples: ['unused-agent'] }),
	stage: Type.Union([
		Type.Object({ type: anyOf(['CompileLint', 'LaunchPreflight', 'Runtime', 'RefResolve']) }),
		Type.Object({ type: Type.Literal('BpDoctor'), family: Type.String() }),
	]),
	level: anyOf(['Info', 'Warn', 'Error']),
	message: Type.String({ examples: ['No step calls agent `greeter`.'] }),
	notes: Type.Array(Type.String()),
	help: nullable(Type.String()),
	suggestion: nullable(
		Type.Object({
			msg: Type.String(),
			patch: Type.String(),
			applicability: anyOf(['MachineApplicable', 'MaybeIncorrect', 'HasPlaceholders', 'Unspecified']),
		}),
	),
	docs_ref: nullable(Type.Object({ uri: Type.String(), anchor: nullable(Type.String()) })),
	span: nullable(
		Type.Object({
			element: Type.Union([
				Type.Object({ type: Type.Literal('Agent'), name: Type.String() }),
				Type.Object({ type: Type.Literal('Step'), ref: Type.String() }),
				Type.Object({ type: anyOf(['Operator', 'Meta', 'BlueprintRoot']) }),
			]),
			json_path: Type.String(),
		}),
	),
})
export type WireDiagnostic = Static<typeof WireDiagnosticSchema>
