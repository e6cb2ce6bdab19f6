/** Messages of the hive. Ids are never given out twice, so that none is taken for another after a deletion. */
export const hiveTables = `
	CREATE TABLE message (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		sender TEXT NOT NULL,
		recipient TEXT NOT NULL,
		body TEXT NOT NULL,
		via TEXT NOT NULL,
		sent_at INTEGER NOT NULL,
		delivered_at INTEGER
	) STRICT;
	-- Taken, and not yet known to have reached their receiver.
	CREATE TABLE message_on_way (message_id INTEGER PRIMARY KEY) STRICT;
	CREATE INDEX message_unread ON message (recipient, id) WHERE delivered_at IS NULL;
	CREATE INDEX message_delivered ON message (delivered_at) WHERE delivered_at IS NOT NULL;
`
