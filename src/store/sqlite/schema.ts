import { attemptTables } from './schema/attempt.ts'
import { blueprintTables } from './schema/blueprint.ts'
import { enhanceTables } from './schema/enhance.ts'
import { hiveTables } from './schema/hive.ts'
import { hiveAgentTables } from './schema/hive-agent.ts'
import { idempotencyTables } from './schema/idempotency.ts'
import { logTables } from './schema/log.ts'
import { operatorTables } from './schema/operator.ts'
import { runTables } from './schema/run.ts'
import { webhookTables } from './schema/webhook.ts'
import { workerTables } from './schema/worker.ts'

/**
 * The schema as an ordered list: one entry for each release that changed it, never edited once released. Times are
 * milliseconds since the epoch; JSON columns hold text, or `{"$blob": "<sha256>"}` where the value lies in a file.
 */
export const migrations: readonly string[] = [
	[
		logTables,
		blueprintTables,
		runTables,
		attemptTables,
		operatorTables,
		enhanceTables,
		idempotencyTables,
		workerTables,
		webhookTables,
		hiveAgentTables,
		hiveTables,
	].join(''),
]
