import { approvalsCommand } from './command/approvals.ts'
import { backupCommand, type DataDirWork, migrateCommand, restoreCommand } from './command/backup.ts'
import { blueprintCommand } from './command/bp.ts'
import { doctorCommand, type LocalChecks } from './command/doctor.ts'
import { healthCommand } from './command/health.ts'
import { hiveCommand, type RunDirOf } from './command/hive.ts'
import { issuesCommand } from './command/issues.ts'
import { mcpCommand } from './command/mcp.ts'
import { operatorCommand } from './command/operator.ts'
import { type ReadBlueprint, runCommand } from './command/run.ts'
import { runsCommand } from './command/runs.ts'
import { type StartServer, serveCommand } from './command/serve.ts'
import { versionCommand } from './command/version.ts'
import { webhooksCommand } from './command/webhooks.ts'
import { workerFileCommand } from './command/worker-file.ts'
import { workersCommand } from './command/workers.ts'
import type { Command } from './command.ts'

/** Every command, in the order of the help text. A new one is a file in `command/` and a line here. */
export function commandTable(parts: {
	readonly server: StartServer
	readonly localChecks: LocalChecks
	readonly readBlueprint: ReadBlueprint
	readonly dataDirWork: DataDirWork
	readonly hiveRunDir: RunDirOf
}): readonly Command[] {
	return [
		serveCommand(parts.server),
		runCommand(parts),
		runsCommand,
		blueprintCommand(parts.readBlueprint),
		workersCommand,
		hiveCommand(parts.hiveRunDir),
		webhooksCommand,
		issuesCommand,
		approvalsCommand,
		operatorCommand,
		mcpCommand(parts.readBlueprint),
		doctorCommand(parts.localChecks),
		healthCommand,
		backupCommand(parts.dataDirWork),
		restoreCommand(parts.dataDirWork),
		migrateCommand(parts.dataDirWork),
		workerFileCommand,
		versionCommand,
	]
}
