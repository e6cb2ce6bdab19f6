/** Hive agents; what they did is in the one log. */
export const hiveAgentTables = `
	CREATE TABLE hive_agent (
		name TEXT PRIMARY KEY,
		role TEXT NOT NULL,
		state TEXT NOT NULL,
		goal TEXT NOT NULL,
		cage TEXT NOT NULL,
		spec TEXT NOT NULL,
		handle TEXT,
		uid INTEGER,
		exit_code INTEGER,
		failure TEXT,
		started_at INTEGER,
		restarts INTEGER NOT NULL,
		paused INTEGER NOT NULL,
		parent TEXT,
		purge INTEGER NOT NULL,
		created_at INTEGER NOT NULL,
		updated_at INTEGER NOT NULL
	) STRICT, WITHOUT ROWID;
`
