/** What every part shares: a few facts about the file itself, and the log. */
export const logTables = `
	CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

	CREATE TABLE event (
		seq INTEGER PRIMARY KEY,
		at INTEGER NOT NULL,
		kind TEXT NOT NULL,
		run_id TEXT, task_id TEXT, step_id TEXT, operator TEXT, worker TEXT,
		data TEXT NOT NULL
	) STRICT;
	CREATE INDEX event_run ON event (run_id, seq) WHERE run_id IS NOT NULL;
	CREATE INDEX event_operator ON event (operator, seq) WHERE operator IS NOT NULL;
	CREATE INDEX event_worker ON event (worker, seq) WHERE worker IS NOT NULL;
`
