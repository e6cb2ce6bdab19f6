import { key, optional } from './setting.ts'
import { decimal, oneOf, pairs, text, url } from './value.ts'

const OTLP = 'OTEL_EXPORTER_OTLP'

/** `[telemetry]`: traces of runs. The variables of OpenTelemetry work as such. */
export const telemetry = {
	endpoint: optional(url, 'collector that traces of runs are sent to by OTLP/HTTP, at its /v1/traces', {
		standardEnv: [`${OTLP}_ENDPOINT`],
		fallbackDoc: 'none, and nothing is traced',
	}),
	tracesEndpoint: optional(url, 'whole address for traces, where it is not that', { standardEnv: [`${OTLP}_TRACES_ENDPOINT`] }),
	headers: key(pairs, {}, 'headers of what is sent there, such as a token', {
		...{ secret: true, fallbackDoc: 'none' },
		standardEnv: [`${OTLP}_TRACES_HEADERS`, `${OTLP}_HEADERS`],
	}),
	protocol: key(oneOf('http/protobuf', 'http/json'), 'http/protobuf', 'how it is encoded', {
		standardEnv: [`${OTLP}_TRACES_PROTOCOL`, `${OTLP}_PROTOCOL`],
	}),
	serviceName: optional(text, 'name of this server in traces', { standardEnv: ['OTEL_SERVICE_NAME'], fallbackDoc: 'mse-server' }),
	resourceAttributes: key(pairs, {}, 'what else every span says of this server', {
		...{ standardEnv: ['OTEL_RESOURCE_ATTRIBUTES'], fallbackDoc: 'none' },
	}),
	sampleShare: key(decimal('parts', 0, 1), 1, 'share of the runs that are traced, unless their launch says it', {
		standardEnv: ['OTEL_TRACES_SAMPLER_ARG'],
	}),
}
