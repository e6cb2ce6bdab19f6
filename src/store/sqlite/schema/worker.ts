/** Long-lived workers. What they tell lies in the one log; here is only where each observation stands in it. */
export const workerTables = `
	CREATE TABLE runtime_counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

	CREATE TABLE worker (
		id TEXT PRIMARY KEY,
		status TEXT NOT NULL,
		request TEXT NOT NULL,
		profile TEXT NOT NULL,
		connected INTEGER NOT NULL,
		run_state TEXT NOT NULL,
		last_result TEXT,
		generation INTEGER NOT NULL,
		transcript_length INTEGER NOT NULL,
		turn INTEGER NOT NULL DEFAULT 0,
		last_event_id INTEGER NOT NULL,
		observations INTEGER NOT NULL,
		trimmed_through INTEGER NOT NULL,
		key TEXT UNIQUE,
		fingerprint TEXT,
		created_at INTEGER NOT NULL,
		updated_at INTEGER NOT NULL
	) STRICT, WITHOUT ROWID;
	CREATE INDEX worker_status ON worker (status, id);
	CREATE INDEX worker_ended ON worker (updated_at) WHERE status IN ('stopped', 'cancelled');

	CREATE TABLE worker_line (
		worker_id TEXT NOT NULL REFERENCES worker (id) ON DELETE CASCADE,
		sequence INTEGER NOT NULL,
		role TEXT NOT NULL,
		content TEXT NOT NULL,
		event_id INTEGER NOT NULL,
		attachments TEXT,
		PRIMARY KEY (worker_id, sequence)
	) STRICT, WITHOUT ROWID;

	CREATE TABLE worker_observation (
		sequence INTEGER PRIMARY KEY,
		worker_id TEXT NOT NULL REFERENCES worker (id) ON DELETE CASCADE,
		event_seq INTEGER NOT NULL
	) STRICT;
	CREATE INDEX worker_observation_event ON worker_observation (event_seq);
	CREATE INDEX worker_observation_worker ON worker_observation (worker_id, sequence);

	CREATE TABLE worker_lease (
		worker_id TEXT PRIMARY KEY REFERENCES worker (id) ON DELETE CASCADE,
		turn INTEGER NOT NULL,
		profile TEXT NOT NULL,
		since INTEGER NOT NULL,
		fence INTEGER NOT NULL,
		state TEXT NOT NULL,
		lease_hash TEXT,
		holder TEXT,
		until INTEGER
	) STRICT, WITHOUT ROWID;
	CREATE INDEX worker_lease_hash ON worker_lease (lease_hash) WHERE lease_hash IS NOT NULL;

	CREATE TABLE worker_run (
		worker_id TEXT NOT NULL REFERENCES worker (id) ON DELETE CASCADE,
		turn INTEGER NOT NULL,
		run_id TEXT NOT NULL,
		PRIMARY KEY (worker_id, turn)
	) STRICT, WITHOUT ROWID;

	CREATE TABLE runtime_event (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, worker_id TEXT, message TEXT NOT NULL) STRICT;
	CREATE TABLE runtime_diagnostic (
		id INTEGER PRIMARY KEY,
		severity TEXT NOT NULL,
		code TEXT NOT NULL,
		message TEXT NOT NULL,
		worker_id TEXT
	) STRICT;
	CREATE TABLE config_bundle (id TEXT PRIMARY KEY, bundle TEXT NOT NULL) STRICT, WITHOUT ROWID;
`
