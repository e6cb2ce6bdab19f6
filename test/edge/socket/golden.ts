/** Lines of the wire, byte for byte as the original types print them (hyperhive of May 2026, serde_json). */
export const golden = {
	hostRequests: [
		'{"cmd":"spawn","name":"alice"}',
		'{"cmd":"request_spawn","name":"alice"}',
		'{"cmd":"kill","name":"alice"}',
		'{"cmd":"destroy","name":"alice"}',
		'{"cmd":"rebuild","name":"alice"}',
		'{"cmd":"list"}',
		'{"cmd":"pending"}',
		'{"cmd":"approve","id":7}',
		'{"cmd":"deny","id":7}',
	],
	approvals:
		'{"ok":true,"approvals":[{"id":7,"agent":"alice","kind":"apply_commit","commit_ref":"3f2a91c","requested_at":1760000000,"status":"pending"},{"id":8,"agent":"bob","kind":"spawn","commit_ref":"","requested_at":1760000001,"status":"failed","resolved_at":1760000050,"note":"agent exists"}]}',
	agentRequests: ['{"cmd":"send","to":"bob","body":"hi"}', '{"cmd":"recv"}', '{"cmd":"status"}', '{"cmd":"operator_msg","body":"hi"}'],
	managerRequests: [
		'{"cmd":"send","to":"bob","body":"hi"}',
		'{"cmd":"recv"}',
		'{"cmd":"status"}',
		'{"cmd":"operator_msg","body":"hi"}',
		'{"cmd":"request_spawn","name":"alice"}',
		'{"cmd":"kill","name":"alice"}',
		'{"cmd":"request_apply_commit","agent":"alice","commit_ref":"3f2a91c"}',
	],
	resolved: '{"event":"approval_resolved","id":7,"agent":"alice","commit_ref":"3f2a91c","status":"approved"}',
	resolvedWithNote: '{"event":"approval_resolved","id":8,"agent":"bob","commit_ref":"","status":"failed","note":"agent exists"}',
	resolvedMessage:
		'{"kind":"message","from":"system","body":"{\\"event\\":\\"approval_resolved\\",\\"id\\":7,\\"agent\\":\\"alice\\",\\"commit_ref\\":\\"3f2a91c\\",\\"status\\":\\"approved\\"}"}',
	/** A body with every kind of character that JSON writers differ about. */
	oddBody: 'hi\nthere "q" 🐝  /\u007f\u2028\u0001',
} as const
