import type { JsonObject } from '../../kernel/json.ts'
import type { WorkerStats } from '../../protocol/output.ts'
import type { Exit } from './child.ts'

/** How the child ended; `more` joins it under `adapter_data`. */
export function processStats({ code, signal }: Exit, more: JsonObject = {}): WorkerStats {
	return { worker_kind: 'subprocess', adapter_data: { exit_code: code, ...(signal === null ? {} : { signal }), ...more } }
}
