import type { Json } from '../../kernel/json.ts'

/** Blueprints in files beside the client. */
export interface BlueprintFiles {
	/** The document of a file below the working folder, scripts run and references in place. Throws what is wrong with it. */
	read(path: string): Promise<{ readonly document: Json; readonly warnings: readonly string[] }>
	/** Writes a new text below the working folder. Throws `conflict` when the file is there. */
	write(path: string, text: string): Promise<void>
}
