/** How far webhooks got, and what their addresses did not take. */
export const webhookTables = `
	CREATE TABLE webhook (
		name TEXT PRIMARY KEY,
		cursor INTEGER NOT NULL,
		delivered INTEGER NOT NULL,
		trying TEXT
	) STRICT, WITHOUT ROWID;

	CREATE TABLE webhook_undelivered (
		name TEXT NOT NULL,
		seq INTEGER NOT NULL,
		event TEXT NOT NULL,
		attempts INTEGER NOT NULL,
		error TEXT NOT NULL,
		at INTEGER NOT NULL,
		PRIMARY KEY (name, seq)
	) STRICT, WITHOUT ROWID;
`
