/** Tasks, runs and their journals. */
export const runTables = `
	CREATE TABLE task (
		seq INTEGER PRIMARY KEY,
		id TEXT NOT NULL UNIQUE,
		goal TEXT NOT NULL,
		blueprint_ref TEXT NOT NULL,
		init_ctx TEXT NOT NULL,
		task_input TEXT,
		created_at INTEGER NOT NULL,
		updated_at INTEGER NOT NULL,
		asked TEXT
	) STRICT;

	CREATE TABLE run (
		seq INTEGER PRIMARY KEY,
		id TEXT NOT NULL UNIQUE,
		task_id TEXT NOT NULL REFERENCES task (id),
		generation INTEGER NOT NULL,
		status TEXT NOT NULL,
		phase TEXT NOT NULL,
		blueprint_id TEXT,
		blueprint_hash TEXT NOT NULL,
		bound_version TEXT,
		init_ctx TEXT NOT NULL,
		options TEXT NOT NULL,
		result TEXT,
		operator_sid TEXT,
		parent_run TEXT, -- the run it is cancelled with
		seat_generation INTEGER NOT NULL,
		ttl_used_ms INTEGER NOT NULL,
		position_scheme INTEGER NOT NULL,
		created_at INTEGER NOT NULL,
		updated_at INTEGER NOT NULL
	) STRICT;
	CREATE INDEX run_task ON run (task_id, seq);
	CREATE INDEX run_child ON run (parent_run) WHERE parent_run IS NOT NULL AND status IN ('pending', 'running', 'interrupted');
	CREATE INDEX run_unfinished ON run (seq) WHERE status IN ('pending', 'running');
	CREATE INDEX run_ended ON run (updated_at) WHERE status IN ('done', 'failed', 'cancelled');
	CREATE INDEX run_status ON run (status, seq);

	CREATE TABLE seat (
		run_id TEXT NOT NULL,
		slot TEXT NOT NULL,
		op TEXT NOT NULL,
		descr TEXT NOT NULL,
		generation INTEGER NOT NULL,
		PRIMARY KEY (run_id, slot)
	) STRICT, WITHOUT ROWID;
	CREATE INDEX seat_op ON seat (op);

	CREATE TABLE step (
		step_id TEXT PRIMARY KEY,
		run_id TEXT NOT NULL,
		generation INTEGER NOT NULL,
		position TEXT NOT NULL,
		ref TEXT NOT NULL,
		status TEXT NOT NULL,
		attempt INTEGER NOT NULL,
		input_hash TEXT NOT NULL,
		prompt TEXT,
		value TEXT,
		error TEXT,
		stats TEXT,
		started_at INTEGER NOT NULL,
		ended_at INTEGER,
		dropped_in INTEGER,
		wake_at INTEGER
	) STRICT, WITHOUT ROWID;
	CREATE INDEX step_run ON step (run_id, generation, ref);
	CREATE INDEX step_open_audit ON step (run_id) WHERE status = 'running' AND instr(position, '/audit:') > 0;

	CREATE TABLE decision (
		run_id TEXT NOT NULL,
		generation INTEGER NOT NULL,
		position TEXT NOT NULL,
		lane INTEGER NOT NULL,
		dropped_in INTEGER,
		PRIMARY KEY (run_id, generation, position)
	) STRICT, WITHOUT ROWID;

	CREATE TABLE run_generation (
		run_id TEXT NOT NULL,
		generation INTEGER NOT NULL,
		status TEXT NOT NULL,
		result TEXT,
		closed_at INTEGER NOT NULL,
		PRIMARY KEY (run_id, generation)
	) STRICT, WITHOUT ROWID;
`
