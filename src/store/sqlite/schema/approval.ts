/** What waits for somebody's yes, and what became of it; kept for ever. Ids are never given out twice. */
export const approvalTables = `
	CREATE TABLE approval (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		kind TEXT NOT NULL,
		status TEXT NOT NULL,
		subject_type TEXT NOT NULL,
		subject_id TEXT NOT NULL,
		subject_name TEXT,
		requester TEXT NOT NULL,
		digest TEXT NOT NULL,
		payload TEXT NOT NULL,
		diff TEXT NOT NULL,
		required INTEGER NOT NULL,
		approvers TEXT NOT NULL,
		no_self_approval INTEGER NOT NULL,
		deadline_at INTEGER,
		on_timeout TEXT NOT NULL,
		form TEXT NOT NULL,
		run_id TEXT, task_id TEXT, step_id TEXT, position TEXT,
		grants TEXT NOT NULL,
		answer TEXT NOT NULL,
		note TEXT,
		by TEXT,
		started_at INTEGER,
		attempt INTEGER NOT NULL,
		expired_at INTEGER,
		requested_at INTEGER NOT NULL,
		resolved_at INTEGER
	) STRICT;
	CREATE INDEX approval_pending ON approval (kind, subject_type, subject_id) WHERE status = 'pending';
	CREATE INDEX approval_pending_run ON approval (run_id) WHERE status = 'pending' AND run_id IS NOT NULL;
	CREATE INDEX approval_run ON approval (run_id, id) WHERE run_id IS NOT NULL;
	CREATE INDEX approval_status ON approval (status, id);
	CREATE UNIQUE INDEX approval_step ON approval (step_id) WHERE step_id IS NOT NULL;
`
