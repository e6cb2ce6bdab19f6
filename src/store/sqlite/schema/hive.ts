/**
 * Messages of the hive. Ids are never given out twice, so that none is taken for another after a deletion. `key` names what a message
 * is about, where it is sent once: a request to an agent, which takes its message back with it wherever it ends, or a worker's turn.
 */
export const hiveTables = `
	CREATE TABLE message (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		sender TEXT NOT NULL,
		recipient TEXT NOT NULL,
		body TEXT NOT NULL,
		via TEXT NOT NULL,
		sent_at INTEGER NOT NULL,
		delivered_at INTEGER,
		key TEXT
	) STRICT;
	-- Taken, and not yet known to have reached their receiver.
	CREATE TABLE message_on_way (message_id INTEGER PRIMARY KEY) STRICT;
	CREATE INDEX message_unread ON message (recipient, id) WHERE delivered_at IS NULL;
	CREATE INDEX message_delivered ON message (delivered_at) WHERE delivered_at IS NOT NULL;
	CREATE INDEX message_key ON message (key) WHERE key IS NOT NULL;
	CREATE TRIGGER message_withdrawal AFTER UPDATE OF ended_at ON request
	WHEN NEW.ended_at IS NOT NULL AND substr(NEW.sid, 1, 5) = 'hive:' BEGIN
		DELETE FROM message WHERE key = NEW.req_id AND delivered_at IS NULL;
	END;
`
