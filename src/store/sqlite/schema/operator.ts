/** Operators, what is asked of them, and attach sessions. */
export const operatorTables = `
	CREATE TABLE operator_session (
		sid TEXT PRIMARY KEY,
		token_digest TEXT NOT NULL,
		descr TEXT,
		capability_manifest TEXT,
		scope TEXT,
		joined_at INTEGER NOT NULL,
		last_access_at INTEGER NOT NULL,
		observed_total INTEGER NOT NULL DEFAULT 0
	) STRICT;
	CREATE UNIQUE INDEX operator_session_token ON operator_session (token_digest);

	CREATE TABLE operator_role (
		role TEXT PRIMARY KEY,
		sid TEXT NOT NULL REFERENCES operator_session (sid) ON DELETE CASCADE
	) STRICT;
	CREATE INDEX operator_role_sid ON operator_role (sid);

	CREATE TABLE request (
		seq INTEGER PRIMARY KEY,
		req_id TEXT NOT NULL,
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
	-- The end of an id is the time of its making, so that the newest lie together.
	CREATE UNIQUE INDEX request_id ON request (substr(req_id, -36));
	CREATE INDEX request_open_sid ON request (sid, seq) WHERE ended_at IS NULL;
	CREATE INDEX request_open ON request (seq) WHERE ended_at IS NULL;
	CREATE INDEX request_open_run ON request (run_id, seq) WHERE ended_at IS NULL;
	CREATE INDEX request_step ON request (step_id, attempt);

	CREATE TABLE attach_session (
		session_id TEXT PRIMARY KEY,
		public_id TEXT NOT NULL UNIQUE,
		agent_id TEXT NOT NULL,
		role TEXT NOT NULL,
		operator_sid TEXT,
		issued_at INTEGER NOT NULL,
		expire_at INTEGER NOT NULL
	) STRICT;
	CREATE INDEX attach_session_operator ON attach_session (operator_sid) WHERE operator_sid IS NOT NULL;

	CREATE TABLE seat_given (
		seq INTEGER PRIMARY KEY,
		sid TEXT NOT NULL,
		run_id TEXT NOT NULL,
		slot TEXT NOT NULL,
		at INTEGER NOT NULL,
		UNIQUE (sid, run_id, slot)
	) STRICT;
	CREATE INDEX seat_given_run ON seat_given (run_id);
`
