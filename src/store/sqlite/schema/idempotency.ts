/** Keys under which callers asked for something, with what came of it. */
export const idempotencyTables = `
	CREATE TABLE idempotency_key (
		seq INTEGER PRIMARY KEY,
		scope TEXT NOT NULL,
		key TEXT NOT NULL,
		body_hash TEXT NOT NULL,
		effect TEXT NOT NULL,
		at INTEGER NOT NULL,
		UNIQUE (scope, key)
	) STRICT;
	CREATE INDEX idempotency_key_at ON idempotency_key (at);
`
