/** Histories of Blueprints. */
export const blueprintTables = `
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
`
