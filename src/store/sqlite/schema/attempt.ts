/** Attempts at steps, and what workers put down. */
export const attemptTables = `
	CREATE TABLE attempt (
		step_id TEXT NOT NULL,
		n INTEGER NOT NULL,
		run_id TEXT NOT NULL,
		backend TEXT NOT NULL,
		status TEXT NOT NULL,
		system TEXT,
		context TEXT,
		token_fp TEXT,
		handle_hash TEXT,
		error TEXT,
		stats TEXT,
		started_at INTEGER NOT NULL,
		ended_at INTEGER,
		blamed INTEGER NOT NULL DEFAULT 1,
		PRIMARY KEY (step_id, n)
	) STRICT, WITHOUT ROWID;
	CREATE INDEX attempt_open ON attempt (run_id) WHERE ended_at IS NULL;
	CREATE UNIQUE INDEX attempt_handle ON attempt (handle_hash) WHERE handle_hash IS NOT NULL;

	CREATE TABLE rendered_prompt (agent TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;

	CREATE TABLE output (
		seq INTEGER PRIMARY KEY,
		id TEXT NOT NULL,
		plane TEXT NOT NULL CHECK (plane IN ('tail', 'data')),
		run_id TEXT,
		step_id TEXT NOT NULL,
		attempt INTEGER NOT NULL,
		producer TEXT NOT NULL,
		event TEXT NOT NULL,
		parent_refs TEXT NOT NULL,
		at INTEGER NOT NULL
	) STRICT;
	CREATE UNIQUE INDEX output_id ON output (id) WHERE plane = 'data';
	CREATE INDEX output_attempt ON output (step_id, attempt, plane, seq);
	CREATE INDEX output_producer ON output (producer, seq) WHERE plane = 'data';
	CREATE INDEX output_run_producer ON output (run_id, producer, seq) WHERE plane = 'data';

	CREATE INDEX output_loose ON output (seq) WHERE run_id IS NULL;

	CREATE TABLE degradation (
		seq INTEGER PRIMARY KEY,
		run_id TEXT NOT NULL,
		step_id TEXT NOT NULL,
		entry TEXT NOT NULL
	) STRICT;
	CREATE INDEX degradation_run ON degradation (run_id, seq);
`
