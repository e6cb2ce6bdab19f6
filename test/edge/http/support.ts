import type { HttpOptions } from '../../../src/edge/http/app.ts'
import { silentLogger } from '../../../src/kernel/log.ts'

/** Options of an open loopback server; override what the test is about. */
export function testOptions(over: Partial<HttpOptions> = {}): HttpOptions {
	return {
		bindHost: '127.0.0.1',
		adminToken: null,
		openJoin: false,
		allowedHosts: [],
		allowedOrigins: [],
		limits: { bodyBytes: 2 ** 21, frameBytes: 2 ** 24 },
		version: '0.0.0-test',
		log: silentLogger,
		...over,
	}
}
