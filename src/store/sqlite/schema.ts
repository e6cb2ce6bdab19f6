/**
 * The schema as an ordered list: one entry per release that changed it, never edited once released. Times are
 * milliseconds since the epoch; JSON columns hold text, or `{"$blob": "<sha256>"}` where the value lies in a file.
 */
export const migrations: readonly string[] = [
	`
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

	CREATE TABLE blueprint (
		id TEXT PRIMARY KEY,
		head_seq INTEGER NOT NULL,
		archived_at INTEGER
	) STRICT;
	CREATE TABLE blueprint_document (hash TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT;
	CREATE TABLE blueprint_commit (
		seq INTEGER PRIMARY KEY,
		id TEXT NOT NULL,
		hash TEXT NOT NULL REFERENCES blueprint_document (hash),
		parent TEXT,
		author TEXT NOT NULL,
		message TEXT NOT NULL,
		version_label TEXT,
		at INTEGER NOT NULL
	) STRICT;
	CREATE INDEX blueprint_commit_id ON blueprint_commit (id, seq);
	CREATE INDEX blueprint_commit_hash ON blueprint_commit (id, hash, seq);

	CREATE TABLE task (
		seq INTEGER PRIMARY KEY,
		id TEXT NOT NULL UNIQUE,
		goal TEXT NOT NULL,
		blueprint_ref TEXT NOT NULL,
		init_ctx TEXT NOT NULL,
		task_input TEXT,
		created_at INTEGER NOT NULL,
		updated_at INTEGER NOT NULL
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
		seat_generation INTEGER NOT NULL,
		ttl_used_ms INTEGER NOT NULL,
		position_scheme INTEGER NOT NULL,
		created_at INTEGER NOT NULL,
		updated_at INTEGER NOT NULL
	) STRICT;
	CREATE INDEX run_task ON run (task_id, seq);
	CREATE INDEX run_unfinished ON run (seq) WHERE status IN ('pending', 'running');
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
		ended_at INTEGER
	) STRICT, WITHOUT ROWID;
	CREATE INDEX step_run ON step (run_id, generation, ref);

	CREATE TABLE decision (
		run_id TEXT NOT NULL,
		generation INTEGER NOT NULL,
		position TEXT NOT NULL,
		lane INTEGER NOT NULL,
		PRIMARY KEY (run_id, generation, position)
	) STRICT, WITHOUT ROWID;

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
		PRIMARY KEY (step_id, n)
	) STRICT, WITHOUT ROWID;
	CREATE INDEX attempt_open ON attempt (run_id) WHERE ended_at IS NULL;
	CREATE UNIQUE INDEX attempt_handle ON attempt (handle_hash) WHERE handle_hash IS NOT NULL;
	CREATE UNIQUE INDEX attempt_token ON attempt (token_fp) WHERE token_fp IS NOT NULL;

	CREATE TABLE rendered_prompt (agent TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;

	CREATE TABLE output (
		seq INTEGER PRIMARY KEY,
		id TEXT NOT NULL UNIQUE,
		plane TEXT NOT NULL CHECK (plane IN ('tail', 'data')),
		run_id TEXT,
		step_id TEXT NOT NULL,
		attempt INTEGER NOT NULL,
		producer TEXT NOT NULL,
		event TEXT NOT NULL,
		parent_refs TEXT NOT NULL,
		at INTEGER NOT NULL
	) STRICT;
	CREATE INDEX output_attempt ON output (step_id, attempt, plane, seq);
	CREATE INDEX output_producer ON output (producer, seq) WHERE plane = 'data';
	CREATE INDEX output_run_producer ON output (run_id, producer, seq) WHERE plane = 'data';

	CREATE TABLE degradation (
		seq INTEGER PRIMARY KEY,
		run_id TEXT NOT NULL,
		step_id TEXT NOT NULL,
		entry TEXT NOT NULL
	) STRICT;
	CREATE INDEX degradation_run ON degradation (run_id, seq);

	CREATE TABLE operator_session (
		sid TEXT PRIMARY KEY,
		token_digest TEXT NOT NULL,
		descr TEXT,
		capability_manifest TEXT,
		scope TEXT,
		joined_at INTEGER NOT NULL,
		last_access_at INTEGER NOT NULL
	) STRICT;
	CREATE UNIQUE INDEX operator_session_token ON operator_session (token_digest);
	CREATE TABLE operator_role (
		role TEXT PRIMARY KEY,
		sid TEXT NOT NULL REFERENCES operator_session (sid) ON DELETE CASCADE
	) STRICT;
	CREATE INDEX operator_role_sid ON operator_role (sid);

	CREATE TABLE request (
		seq INTEGER PRIMARY KEY,
		req_id TEXT NOT NULL UNIQUE,
		kind TEXT NOT NULL,
		state TEXT NOT NULL,
		sid TEXT,
		slot TEXT,
		seat_generation INTEGER,
		run_id TEXT NOT NULL,
		task_id TEXT NOT NULL,
		step_id TEXT NOT NULL,
		attempt INTEGER NOT NULL,
		frame TEXT NOT NULL,
		reply TEXT,
		created_at INTEGER NOT NULL,
		deadline_at INTEGER NOT NULL,
		ended_at INTEGER
	) STRICT;
	CREATE INDEX request_open_sid ON request (sid, seq) WHERE ended_at IS NULL;
	CREATE INDEX request_open_run ON request (run_id, seq) WHERE ended_at IS NULL;
	CREATE INDEX request_step ON request (step_id, attempt);

	CREATE TABLE attach_session (
		session_id TEXT PRIMARY KEY,
		public_id TEXT NOT NULL UNIQUE,
		agent_id TEXT NOT NULL,
		role TEXT NOT NULL,
		issued_at INTEGER NOT NULL,
		expire_at INTEGER NOT NULL
	) STRICT;
	`,
	`
	CREATE INDEX step_open_audit ON step (run_id) WHERE status = 'running' AND instr(position, '/audit:') > 0;
	`,
	`
	CREATE TABLE issue (
		seq INTEGER PRIMARY KEY,
		id TEXT NOT NULL UNIQUE,
		blueprint_id TEXT NOT NULL,
		intent TEXT NOT NULL,
		status TEXT NOT NULL,
		reason TEXT,
		new_version TEXT,
		created_at INTEGER NOT NULL,
		updated_at INTEGER NOT NULL
	) STRICT;
	CREATE INDEX issue_status ON issue (status, seq);
	CREATE INDEX issue_blueprint ON issue (blueprint_id, seq);
	CREATE TABLE enhance_log (
		seq INTEGER PRIMARY KEY,
		issue_id TEXT NOT NULL,
		blueprint_id TEXT NOT NULL,
		entry TEXT NOT NULL
	) STRICT;
	CREATE INDEX enhance_log_issue ON enhance_log (issue_id, seq);
	CREATE INDEX enhance_log_blueprint ON enhance_log (blueprint_id, seq);
	CREATE TABLE enhance_setting (id TEXT PRIMARY KEY, setting TEXT NOT NULL) STRICT, WITHOUT ROWID;
	`,
	`
	ALTER TABLE step ADD COLUMN dropped_in INTEGER;
	ALTER TABLE decision ADD COLUMN dropped_in INTEGER;
	CREATE TABLE run_generation (
		run_id TEXT NOT NULL,
		generation INTEGER NOT NULL,
		status TEXT NOT NULL,
		result TEXT,
		closed_at INTEGER NOT NULL,
		PRIMARY KEY (run_id, generation)
	) STRICT, WITHOUT ROWID;

	ALTER TABLE task ADD COLUMN asked TEXT;

	CREATE TABLE seat_given (
		seq INTEGER PRIMARY KEY,
		sid TEXT NOT NULL,
		run_id TEXT NOT NULL,
		slot TEXT NOT NULL,
		at INTEGER NOT NULL,
		UNIQUE (sid, run_id, slot)
	) STRICT;
	CREATE INDEX seat_given_run ON seat_given (run_id);
	ALTER TABLE operator_session ADD COLUMN observed_total INTEGER NOT NULL DEFAULT 0;
	`,
]
