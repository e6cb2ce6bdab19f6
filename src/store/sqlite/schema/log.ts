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

	-- Where the facts about a run, an operator or a worker stand, but for the newest.
	CREATE TABLE event_place (subject TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (subject, seq)) STRICT, WITHOUT ROWID;
	CREATE TRIGGER event_gone AFTER DELETE ON event BEGIN
		DELETE FROM event_place WHERE subject IN (old.run_id, old.operator, old.worker) AND seq = old.seq;
	END;
`
