/** Issues, and how Blueprints are improved from them. */
export const enhanceTables = `
	CREATE TABLE issue (
		seq INTEGER PRIMARY KEY,
		id TEXT NOT NULL UNIQUE,
		blueprint_id TEXT NOT NULL,
		intent TEXT NOT NULL,
		status TEXT NOT NULL,
		reason TEXT,
		new_version TEXT,
		run_id TEXT,
		attempt INTEGER NOT NULL DEFAULT 0,
		created_at INTEGER NOT NULL,
		updated_at INTEGER NOT NULL
	) STRICT;
	CREATE INDEX issue_status ON issue (status, seq);
	CREATE INDEX issue_blueprint ON issue (blueprint_id, seq);
	CREATE UNIQUE INDEX issue_in_flight ON issue (blueprint_id) WHERE status = 'in_flight';

	CREATE TABLE enhance_log (
		seq INTEGER PRIMARY KEY,
		issue_id TEXT NOT NULL,
		blueprint_id TEXT NOT NULL,
		entry TEXT NOT NULL
	) STRICT;
	CREATE INDEX enhance_log_issue ON enhance_log (issue_id, seq);
	CREATE INDEX enhance_log_blueprint ON enhance_log (blueprint_id, seq);

	CREATE TABLE enhance_setting (id TEXT PRIMARY KEY, setting TEXT NOT NULL) STRICT, WITHOUT ROWID;
`
