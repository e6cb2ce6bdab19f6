import type { Json } from '../../kernel/json.ts'

/** Blueprints in files beside the client. */
export interface BlueprintFiles {
	/** The document of a file below the working folder, scripts run and references in place. Throws what is wrong with it. */
	read(path: string): Promise<{ readonly document: Json; readonly warnings: readonly string[] }>
	/** Any text below the working folder; null when there is none. */
	text(path: string): Promise<string | null>
	/** Writes a new text below the working folder. Throws `conflict` when the file is there. */
	write(path: string, text: string): Promise<void>
}
