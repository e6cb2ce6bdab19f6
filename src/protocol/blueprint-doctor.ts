import { type Static, Type } from '@sinclair/typebox'
import { WireDiagnosticSchema } from './diagnostic.ts'
import { CheckSchema } from './health.ts'

/**
 * Ours: whether this server can run a Blueprint now. A check for each agent, named by it. `version` is null for a document that
 * was sent. `ready` is false with an error among the findings, or a check that is not ok.
 */
export const BlueprintDoctorSchema = Type.Object({
	id: Type.String(),
	version: Type.Union([Type.String(), Type.Null()]),
	ready: Type.Boolean(),
	checks: Type.Array(CheckSchema),
	diagnostics: Type.Array(WireDiagnosticSchema),
})
export type BlueprintDoctor = Static<typeof BlueprintDoctorSchema>
